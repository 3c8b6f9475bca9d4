"""A worker of dramatiq: `dramatiq tasks`."""

import json
import os

import chaos_job
import dramatiq
from dramatiq.brokers.redis import RedisBroker

dramatiq.set_broker(RedisBroker(url=os.environ["REDIS_URL"], **json.loads(os.environ["TIMES"])))


@dramatiq.actor(max_retries=3, min_backoff=50, max_backoff=200)
def handler(job):
    chaos_job.run(job)
