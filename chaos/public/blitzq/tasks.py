"""A worker of BlitzQ: `blitzq worker tasks:queue`."""

import json
import os

import chaos_job
from blitzq import Queue, RetryPolicy

queue = Queue(redis_url=os.environ["REDIS_URL"], **json.loads(os.environ["TIMES"]))


@queue.task(retries=3, retry_policy=RetryPolicy(initial_delay=0.05, max_delay=0.2))
async def handler(job: str) -> object:
    return await chaos_job.run_async(job)
