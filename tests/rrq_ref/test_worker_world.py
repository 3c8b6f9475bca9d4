"""A worker knows the world only through its arguments, so it can run in a simulated one."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import replace
from importlib.resources import files
from random import Random

import pytest
from redis.asyncio import Redis

from rrq_ref.attempt import Context
from rrq_ref.client import Client
from rrq_ref.settings import Settings

from .database import Database
from .running import ManualClock, Tap, running, until

#: What a worker is made of; `clock` alone may know the time, and `process` is outside.
PARTS = ("worker", "attempt", "settler", "refresher", "trouble", "store", "scripts")

#: Modules that would be other ways to time, chance and I/O.
MODULES = {"time", "random", "uuid", "secrets", "os", "socket", "threading"}
#: The same of modules that a worker needs.
CALLS = {
    "asyncio.sleep", "asyncio.timeout", "asyncio.timeout_at", "asyncio.wait", "asyncio.wait_for",
    "asyncio.to_thread", "loop.call_later", "loop.call_at", "loop.time", "loop.run_in_executor",
    "_loop.call_later", "_loop.call_at", "_loop.time", "datetime.now", "datetime.utcnow",
}  # fmt: skip


def _mentions(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module != "random":
            yield node.module or ""
        elif isinstance(node, ast.ImportFrom):  # the class is a type; all else is chance
            yield from ("random" for name in node.names if name.name != "Random")
        elif isinstance(node, ast.Attribute):
            if isinstance(node.value, ast.Name):
                yield node.value.id
            yield f"{ast.unparse(node.value).rpartition('.')[2]}.{node.attr}"


@pytest.mark.parametrize("part", PARTS)
def test_no_part_of_a_worker_has_another_source_of_time_or_chance(part: str) -> None:
    tree = ast.parse((files("rrq_ref") / f"{part}.py").read_text("utf-8"))
    # Not a worker's: the store of plain code.
    tree.body = [node for node in tree.body if getattr(node, "name", "") != "BlockingStore"]
    assert {name for name in _mentions(tree) if name in MODULES | CALLS} == set()


async def _life(redis: Redis, client: Client, settings: Settings, seed: int) -> list[list[object]]:
    """A worker's commands in a short life, without the parts that the server decided."""
    clock = ManualClock()
    tap = Tap(redis, clock)

    async def fails(_: Context) -> None:
        raise ValueError("no")

    await client.enqueue("fails", job_id=f"job-{seed}", max_retries=2)
    async with running(tap, settings, {"fails": fails}, clock=clock, random=Random(seed)):
        await until(lambda: tap.count("retry") == 1 and tap.count("BLPOP") == 1)
        for _ in range(30):
            await tap.advance(0.5)
    waits = [words[-1] for words in tap.sent("BLPOP")]
    delays = [words[3 + words[2] + 5] for words in tap.sent("retry")]
    beats = [words[2] for words in tap.sent("SET")]
    # The last step may still be under way.
    return [waits[:10], delays, beats[:3]]


async def test_with_the_same_clock_and_chance_a_worker_does_the_same_again(
    redis: Redis, client: Client, settings: Settings, database: Database
) -> None:
    settings = replace(settings, poll_min_ms=100, poll_max_ms=1600, retry_base_s=3600)
    lives = []
    for seed in (1, 1, 2):
        lives.append(await _life(redis, client, settings, seed))
        database.redis.flushall()
    first, again, other = lives
    assert first == again
    assert [len(part) for part in first] == [10, 1, 3]
    assert first[0] != other[0]
    assert first[1] != other[1]
