import os
from contextlib import asynccontextmanager

import gathering
import tally
from rrq.client import RRQClient
from rrq.registry import Registry
from rrq.runner_settings import PythonRunnerSettings


async def noop(request):
    tally.noop()


async def late(request):
    tally.late(request.params["sent"])


async def real(request):
    return await tally.real_async(request.params["text"])


NAMES = {"noop": (), "late": ("sent",), "real": ("text",)}
registry = Registry()
for handler in (noop, late, real):
    registry.register(handler.__name__, handler)
settings = PythonRunnerSettings(registry=registry)


@asynccontextmanager
async def opened():
    client = RRQClient(config={"redis_dsn": os.environ["REDIS_URL"]})
    yield lambda job: client.enqueue(job[0], {"params": dict(zip(NAMES[job[0]], job[1:]))})
    await client.close()


async def many(jobs):
    async with opened() as send:
        await gathering.all_of(send, jobs)
