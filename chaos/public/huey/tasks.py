"""A consumer of huey: `huey_consumer tasks.huey`."""

import os

import chaos_job
from huey import RedisHuey

huey = RedisHuey("chaos", url=os.environ["REDIS_URL"])


@huey.task(retries=3)
def handler(job):
    return chaos_job.run(job)
