"""Enqueues jobs and says how long it took. It runs in a queue's own environment.

    python produce.py WAY FUNCTION JOBS [TEXT BYTES]

imports `app`, which has the queue's own calls, each if it can:

    sync()     a context manager: a function that takes a job, waits until it is stored
    opened()   an asynchronous context manager: the same with `await`
    many(jobs) a coroutine: all of them, by the queue's own call for many, or as fast as it goes

A job is a function's name and its arguments. WAY is sync, async, many or paced: that is 20 jobs a
second, each with the time at which it is sent. Prints JSON: seconds, and CPU seconds.
"""

import asyncio
import json
import random
import sys
import time

import app

_PACE_S = 0.05


def main(way, function, jobs, size=0):
    text = "x" * size
    args = (text,) if size else ()
    told = [(function, *args) for _ in range(jobs)]
    print(json.dumps(asyncio.run(_many(told)) if way == "many" else _one_by_one(way, told)))


def _one_by_one(way, told):
    if way == "async":
        return asyncio.run(_async(told))
    if way == "paced":
        return asyncio.run(_paced(told)) if hasattr(app, "opened") else _paced_sync(told)
    with app.sync() as send:
        send(told[0])  # its connection is there, its scripts are loaded
        with _Watch() as watch:
            for job in told[1:]:
                send(job)
    return watch.told(len(told) - 1)


async def _many(told):
    with _Watch() as watch:
        await app.many(told)
    return watch.told(len(told))


async def _async(told):
    async with app.opened() as send:
        await send(told[0])
        with _Watch() as watch:
            for job in told[1:]:
                await send(job)
    return watch.told(len(told) - 1)


async def _paced(told):
    async with app.opened() as send:
        for function, *_ in told:
            await asyncio.sleep(random.uniform(0.5, 1.5) * _PACE_S)
            await send((function, time.monotonic_ns()))
    return {}


def _paced_sync(told):
    with app.sync() as send:
        for function, *_ in told:
            time.sleep(random.uniform(0.5, 1.5) * _PACE_S)
            send((function, time.monotonic_ns()))
    return {}


class _Watch:
    def __enter__(self):
        self._wall, self._cpu = time.perf_counter(), time.process_time()
        return self

    def __exit__(self, *_):
        self._wall = time.perf_counter() - self._wall
        self._cpu = time.process_time() - self._cpu

    def told(self, jobs):
        return {"jobs": jobs, "seconds": self._wall, "cpu_s": self._cpu}


if __name__ == "__main__":
    way, function, jobs, *size = sys.argv[1:]
    main(way, function, int(jobs), *map(int, size))
