"""Fixtures for the reference queue, and the check that no test leaves a key behind unowned."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random
from typing import Any

import pytest
from redis import Redis as PlainRedis
from redis.asyncio import Redis

from rrq_ref import keys
from rrq_ref.attempt import Handler
from rrq_ref.client import Client
from rrq_ref.job import Job
from rrq_ref.settings import Settings
from rrq_ref.store import WorkerStore

from .database import Database, problems
from .running import running, until


class Leaks:
    """Keys that a test makes on purpose."""

    def __init__(self) -> None:
        self.allowed: list[str] = []

    def allow(self, *patterns: str) -> None:
        """Declare that these keys are no leaks. `*` stands for any text."""
        self.allowed += patterns


@pytest.fixture(autouse=True)
def leaks(request: pytest.FixtureRequest) -> Iterator[Leaks]:
    """Check at a test's end that every key is in the data model, and has a TTL or a live owner.

    The idea is docket's. It turns every test into a test of the store's invariants too.
    """
    known = Leaks()
    database: Database | None = None
    if "url" in request.fixturenames:
        database = request.getfixturevalue("database")
    yield known
    if database is not None:
        assert problems(database.dump(), known.allowed) == []


@pytest.fixture
def database(admin: PlainRedis) -> Database:
    return Database(admin)


@pytest.fixture
def client(redis: Redis, settings: Settings) -> Client:
    return Client(settings, redis=redis)


@pytest.fixture
def rival(redis: Redis, settings: Settings) -> WorkerStore:
    """The store as another worker, `worker-2`, sees it."""
    return WorkerStore(redis, settings, "worker-2")


Run = Callable[..., Any]


class Half(Random):
    """A random generator that always says one half."""

    def random(self) -> float:
        return 0.5


@pytest.fixture
def run(redis: Redis, client: Client, settings: Settings, database: Database) -> Run:
    """Enqueue one job for a handler and have a worker run it once; the job afterwards. `worker`
    holds options of the worker."""

    async def run(
        handler: Handler, *args: Any, worker: dict[str, Any] | None = None, **options: Any
    ) -> Job:
        await client.enqueue("handler", *args, **{"job_id": "a", "max_retries": 1, **options})
        return await again(handler, **(worker or {}))

    async def again(handler: Handler, **worker: Any) -> Job:
        database.make_due("a")
        async with running(redis, settings, {"handler": handler}, random=Half(), **worker):
            await until(lambda: _settled(database))
        return await client.job("a")

    run.again = again  # type: ignore[attr-defined]
    return run


def _settled(database: Database) -> bool:
    """True if nothing is due or locked at one moment: between two looks a claim may come."""
    pipe = database.redis.pipeline(transaction=True)
    pipe.zcount(keys.queue("default"), "-inf", database.now_ms())
    pipe.zcard(keys.locks("default"))
    return not any(pipe.execute())
