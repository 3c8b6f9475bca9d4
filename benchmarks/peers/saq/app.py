import os
from contextlib import asynccontextmanager

import gathering
import tally
from saq import Queue

queue = Queue.from_url(os.environ["REDIS_URL"])


async def noop(ctx):
    tally.noop()


async def late(ctx, *, sent):
    tally.late(sent)


async def real(ctx, *, text):
    return await tally.real_async(text)


NAMES = {"noop": (), "late": ("sent",), "real": ("text",)}
settings = {
    "queue": queue,
    "functions": [noop, late, real],
    "concurrency": int(os.environ["CONCURRENCY"]),
}


@asynccontextmanager
async def opened():
    await queue.connect()
    yield lambda job: queue.enqueue(job[0], **dict(zip(NAMES[job[0]], job[1:])))
    await queue.disconnect()


async def many(jobs):
    async with opened() as send:
        await gathering.all_of(send, jobs)
