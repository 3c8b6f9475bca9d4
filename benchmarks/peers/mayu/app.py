import os
from contextlib import contextmanager

import tally
from mayu import App

app = App(broker=os.environ["REDIS_URL"])


@app.task
def noop() -> None:
    tally.noop()


@app.task
def late(sent: int) -> None:
    tally.late(sent)


@app.task
def real(text: str) -> str:
    return tally.real(text)


TASKS = {"noop": noop, "late": late, "real": real}


@contextmanager
def sync():
    yield lambda job: TASKS[job[0]].send(*job[1:])


async def many(jobs):
    for name, *args in jobs:
        TASKS[name].send(*args)
