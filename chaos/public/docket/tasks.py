"""A worker of docket: `docket worker --tasks tasks:TASKS`."""

import chaos_job
from docket import Retry


async def handler(job: str, retry: Retry = Retry(attempts=4)) -> None:
    await chaos_job.run_async(job)


TASKS = [handler]
