"""Enqueues one by one: the reference's clients, and the bare call that both of them make."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Any

from redis import ConnectionPool

from benchmarks.parts import loop
from benchmarks.parts.stand import Stand
from benchmarks.reference import queue
from rrq_ref import Client, NewJob, Settings, SyncClient, batch, keys

Way = Callable[[str, int], float]


def measure(stand: Stand, jobs: int, repeats: int, random: Random) -> Mapping[str, Sequence[float]]:
    """Jobs per second of each way, in rounds in which the ways take turns."""
    found: dict[str, list[float]] = {name: [] for name in WAYS}
    for _ in range(repeats):
        for name in random.sample(list(WAYS), len(WAYS)):
            queue.prepare(stand.admin)
            found[name].append(jobs / WAYS[name](stand.server.url, jobs))
    return found


def _bare(url: str, jobs: int) -> float:
    """The seconds of the same calls, packed beforehand, over one bare connection of redis-py."""
    settings = Settings(redis_url=url)
    connection: Any = ConnectionPool.from_url(url).get_connection()
    ready = [NewJob(function="noop", args=(1,)).ready(settings) for _ in range(jobs)]
    packed = [
        b"".join(connection.pack_command(*batch.call(keys.queue("default"), [one], 0)))
        for one in ready
    ]
    began = time.perf_counter()
    for call in packed:
        connection.send_packed_command([call])
        connection.read_response()
    seconds = time.perf_counter() - began
    connection.disconnect()
    return seconds


def _sync(url: str, jobs: int) -> float:
    with SyncClient(Settings(redis_url=url)) as client:
        client.enqueue("noop")  # connects
        began = time.perf_counter()
        for _ in range(jobs):
            client.enqueue("noop", 1)
        return time.perf_counter() - began


def _async(url: str, jobs: int) -> float:
    async def run() -> float:
        async with Client(Settings(redis_url=url)) as client:
            await client.enqueue("noop")
            began = time.perf_counter()
            for _ in range(jobs):
                await client.enqueue("noop", 1)
            return time.perf_counter() - began

    return loop.run(run())


#: The bare call comes first: the others are shares of it.
WAYS: dict[str, Way] = {"bare call": _bare, "SyncClient": _sync, "Client": _async}
