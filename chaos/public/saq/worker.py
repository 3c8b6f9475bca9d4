"""A worker of saq: `saq worker.settings`."""

import json
import os

import chaos_job
from saq import Queue

queue = Queue.from_url(os.environ["REDIS_URL"])


async def handler(ctx, *, job):
    return await chaos_job.run_async(job)


times = json.loads(os.environ["TIMES"])
settings = {"queue": queue, "functions": [handler], "concurrency": 4}
if "sweep" in times:
    settings["timers"] = {"sweep": times["sweep"]}
