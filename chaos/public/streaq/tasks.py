"""A worker of streaq: `streaq run tasks:worker`."""

import json
import os

import chaos_job
from streaq import Worker

worker = Worker(redis_url=os.environ["REDIS_URL"], concurrency=4, **json.loads(os.environ["TIMES"]))


@worker.task(max_tries=4)
async def handler(job: str) -> object:
    return await chaos_job.run_async(job)
