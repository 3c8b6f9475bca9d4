"""Fixtures for the reference queue, and the check that no test leaves a key behind unowned."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from redis import Redis as PlainRedis
from redis.asyncio import Redis

from rrq_ref.client import Client
from rrq_ref.settings import Settings
from rrq_ref.store import WorkerStore

from .database import Database, problems


class Leaks:
    """Keys that a test makes on purpose."""

    def __init__(self) -> None:
        self.allowed: list[str] = []

    def allow(self, *patterns: str) -> None:
        """These keys are no leaks. `*` stands for any text."""
        self.allowed += patterns


@pytest.fixture(autouse=True)
def leaks(request: pytest.FixtureRequest) -> Iterator[Leaks]:
    """When a test ends, every key is in the data model, and has a TTL or a live owner.

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
