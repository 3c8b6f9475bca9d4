import os
from contextlib import asynccontextmanager

import gathering
import tally
from taskiq_redis import RedisStreamBroker

broker = RedisStreamBroker(os.environ["REDIS_URL"])


@broker.task
async def noop() -> None:
    tally.noop()


@broker.task
async def late(sent: int) -> None:
    tally.late(sent)


@broker.task
async def real(text: str) -> str:
    return await tally.real_async(text)


TASKS = {"noop": noop, "late": late, "real": real}


@asynccontextmanager
async def opened():
    await broker.startup()
    yield lambda job: TASKS[job[0]].kiq(*job[1:])
    await broker.shutdown()


async def many(jobs):
    async with opened() as send:
        await gathering.all_of(send, jobs)
