import os
from contextlib import asynccontextmanager, contextmanager

import tally
from blitzq import Queue

queue = Queue(redis_url=os.environ["REDIS_URL"])


@queue.task()
async def noop() -> None:
    tally.noop()


@queue.task()
async def late(sent: int) -> None:
    tally.late(sent)


@queue.task()
async def real(text: str) -> str:
    return await tally.real_async(text)


TASKS = {"noop": noop, "late": late, "real": real}


@contextmanager
def sync():
    yield lambda job: TASKS[job[0]].enqueue_sync(*job[1:])


@asynccontextmanager
async def opened():
    yield lambda job: TASKS[job[0]].enqueue(*job[1:])


async def many(jobs):
    for start in range(0, len(jobs), 1000):
        part = jobs[start : start + 1000]
        await TASKS[part[0][0]].enqueue_many([job[1:] for job in part])
