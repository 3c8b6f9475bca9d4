import os
from contextlib import contextmanager

import dramatiq
import tally
from dramatiq.brokers.redis import RedisBroker

dramatiq.set_broker(RedisBroker(url=os.environ["REDIS_URL"]))

noop = dramatiq.actor(tally.noop)
late = dramatiq.actor(tally.late)
real = dramatiq.actor(tally.real)
ACTORS = {"noop": noop, "late": late, "real": real}


@contextmanager
def sync():
    yield lambda job: ACTORS[job[0]].send(*job[1:])


async def many(jobs):
    for name, *args in jobs:
        ACTORS[name].send(*args)
