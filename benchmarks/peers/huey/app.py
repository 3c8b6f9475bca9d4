import os
from contextlib import contextmanager

import tally
from huey import RedisHuey

huey = RedisHuey("chaos", url=os.environ["REDIS_URL"], read_timeout=1)

noop = huey.task()(tally.noop)
late = huey.task()(tally.late)
real = huey.task()(tally.real)
TASKS = {"noop": noop, "late": late, "real": real}


@contextmanager
def sync():
    yield lambda job: TASKS[job[0]](*job[1:])


async def many(jobs):
    for name, *args in jobs:
        TASKS[name](*args)
