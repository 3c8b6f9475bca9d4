import os
from contextlib import asynccontextmanager

import tally
from streaq import Worker

worker = Worker(redis_url=os.environ["REDIS_URL"], concurrency=int(os.environ["CONCURRENCY"]))


@worker.task()
async def noop() -> None:
    tally.noop()


@worker.task()
async def late(sent: int) -> None:
    tally.late(sent)


@worker.task()
async def real(text: str) -> str:
    return await tally.real_async(text)


TASKS = {"noop": noop, "late": late, "real": real}


@asynccontextmanager
async def opened():
    async with worker:

        async def send(job):
            await TASKS[job[0]].enqueue(*job[1:])

        yield send


async def many(jobs):
    tasks = [TASKS[name].enqueue(*args) for name, *args in jobs]
    async with worker:
        for start in range(0, len(tasks), 1000):
            await worker.enqueue_many(tasks[start : start + 1000])
