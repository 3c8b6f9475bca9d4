"""A worker of arq: `arq worker.Settings`."""

import json
import os

import chaos_job
from arq.connections import RedisSettings


async def handler(ctx, job):
    return await chaos_job.run_async(job)


class Settings:
    functions = [handler]
    redis_settings = RedisSettings.from_dsn(os.environ["REDIS_URL"])
    max_tries = 5
    max_jobs = 4
    vars().update(json.loads(os.environ["TIMES"]))
