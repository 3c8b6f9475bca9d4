"""The reference, as its README has it."""

import os
from contextlib import asynccontextmanager, contextmanager

import tally

from rrq_ref import Client, NewJob, Settings, SyncClient

SETTINGS = Settings(redis_url=os.environ["REDIS_URL"])


async def noop(context):
    tally.noop()


async def late(context, sent):
    tally.late(sent)


async def real(context, text):
    return await tally.real_async(text)


HANDLERS = {"noop": noop, "late": late, "real": real}


@contextmanager
def sync():
    with SyncClient(SETTINGS) as client:
        yield lambda job: client.enqueue(*job)


@asynccontextmanager
async def opened():
    async with Client(SETTINGS) as client:
        yield lambda job: client.enqueue(*job)


async def many(jobs):
    with SyncClient(SETTINGS) as client:
        client.enqueue_many([NewJob(function=name, args=args) for name, *args in jobs])
