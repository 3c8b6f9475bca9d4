import os
from contextlib import asynccontextmanager

import tally
from ardiq import Ardiq

app = Ardiq(redis_url=os.environ["REDIS_URL"], concurrency=int(os.environ["CONCURRENCY"]))


@app.task()
async def noop() -> None:
    tally.noop()


@app.task()
async def late(sent: int) -> None:
    tally.late(sent)


@app.task()
async def real(text: str) -> str:
    return await tally.real_async(text)


TASKS = {"noop": noop, "late": late, "real": real}


@asynccontextmanager
async def opened():
    yield lambda job: TASKS[job[0]].enqueue(*job[1:])


async def many(jobs):
    for start in range(0, len(jobs), 1000):
        part = jobs[start : start + 1000]
        await app.enqueue_many([TASKS[name].prepare(*args) for name, *args in part])
