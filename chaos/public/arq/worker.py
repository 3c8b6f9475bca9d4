"""A worker of arq: `arq worker.Settings`."""

import os

import chaos_job
from arq.connections import RedisSettings


async def handler(ctx, job):
    return await chaos_job.run_async(job)


class Settings:
    functions = [handler]
    redis_settings = RedisSettings.from_dsn(os.environ["REDIS_URL"])
    # A job's lock lives as long as its time-out and ten seconds more.
    job_timeout = int(os.environ["TIMEOUT_S"])
    max_tries = 5
    max_jobs = 4
