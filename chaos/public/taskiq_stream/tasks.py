"""A worker of taskiq: `taskiq worker tasks:broker`."""

import json
import os

import chaos_job
from taskiq_redis import RedisStreamBroker

broker = RedisStreamBroker(os.environ["REDIS_URL"], **json.loads(os.environ["TIMES"]))


@broker.task
async def handler(job: str):
    return await chaos_job.run_async(job)
