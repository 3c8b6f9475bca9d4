import os
from contextlib import asynccontextmanager

import gathering
import tally
from arq import create_pool
from arq.connections import RedisSettings

REDIS = RedisSettings.from_dsn(os.environ["REDIS_URL"])


async def noop(ctx):
    tally.noop()


async def late(ctx, sent):
    tally.late(sent)


async def real(ctx, text):
    return await tally.real_async(text)


class Worker:
    functions = [noop, late, real]
    redis_settings = REDIS
    max_jobs = int(os.environ["CONCURRENCY"])
    poll_delay = 0.01
    queue_read_limit = 1000


@asynccontextmanager
async def opened():
    pool = await create_pool(REDIS)
    yield lambda job: pool.enqueue_job(*job)
    await pool.aclose()


async def many(jobs):
    async with opened() as send:
        await gathering.all_of(send, jobs)
