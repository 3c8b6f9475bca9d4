import os
from contextlib import asynccontextmanager

import tally
from docket import Docket


async def noop() -> None:
    tally.noop()


async def late(sent: int) -> None:
    tally.late(sent)


async def real(text: str) -> str:
    return await tally.real_async(text)


TASKS = [noop, late, real]
BY_NAME = {task.__name__: task for task in TASKS}


@asynccontextmanager
async def docket():
    async with Docket(name="chaos", url=os.environ["REDIS_URL"]) as docket:
        for task in TASKS:
            docket.register(task)
        yield docket


@asynccontextmanager
async def opened():
    async with docket() as ours:
        yield lambda job: ours.add(BY_NAME[job[0]])(*job[1:])


async def many(jobs):
    async with docket() as ours:
        await ours.add_many([ours.call(BY_NAME[name])(*args) for name, *args in jobs])
