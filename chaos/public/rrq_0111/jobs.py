"""What a runner of RRQ runs."""

import chaos_job
from rrq.registry import Registry
from rrq.runner_settings import PythonRunnerSettings


async def handler(request):
    return await chaos_job.run_async(request.params["job"])


registry = Registry()
registry.register("handler", handler)
settings = PythonRunnerSettings(registry=registry)
