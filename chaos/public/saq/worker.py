"""A worker of saq: `saq worker.settings`."""

import os

import chaos_job
from saq import Queue

queue = Queue.from_url(os.environ["REDIS_URL"])


async def handler(ctx, *, job):
    return await chaos_job.run_async(job)


settings = {"queue": queue, "functions": [handler], "concurrency": 4, "timers": {"sweep": 1}}
