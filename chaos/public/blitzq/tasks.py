"""A worker of BlitzQ: `blitzq worker tasks:queue`."""

import os

import chaos_job
from blitzq import Queue, RetryPolicy

# By default 60: a dead worker's task would come back after up to 80 s. Two thirds of it are left
# when a worker is to renew it, and outlast a restart of the server.
queue = Queue(redis_url=os.environ["REDIS_URL"], visibility_timeout=6)


@queue.task(retries=3, retry_policy=RetryPolicy(initial_delay=0.05, max_delay=0.2))
async def handler(job: str) -> object:
    return await chaos_job.run_async(job)
