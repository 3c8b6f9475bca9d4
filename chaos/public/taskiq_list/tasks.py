"""A worker of taskiq: `taskiq worker tasks:broker`."""

import os

import chaos_job
from taskiq_redis import ListQueueBroker

broker = ListQueueBroker(os.environ["REDIS_URL"])


@broker.task
async def handler(job: str):
    return await chaos_job.run_async(job)
