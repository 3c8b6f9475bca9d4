"""A client, and workers that run inside the test, on the tests' private server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import pytest
from redis.asyncio import Redis

from rrq_ref import Client, Settings, Worker

#: Runs one worker with these handlers until nothing is left to do.
Work = Callable[..., Awaitable[None]]
#: The same, but it goes on until the block is left; then it drains.
Working = Callable[..., AbstractAsyncContextManager[Worker]]


@pytest.fixture
def client(redis: Redis, settings: Settings) -> Client:
    return Client(settings, redis=redis)


@pytest.fixture
def work(redis: Redis, settings: Settings) -> Work:
    async def run(**handlers: Callable[..., Any]) -> None:
        await Worker(redis, handlers, settings, worker_id="worker-1", burst=True).run()

    return run


@pytest.fixture
def working(redis: Redis, settings: Settings) -> Working:
    @asynccontextmanager
    async def run(**handlers: Callable[..., Any]) -> AsyncIterator[Worker]:
        worker = Worker(redis, handlers, settings, worker_id="worker-1")
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(worker.run())
            yield worker
            worker.drain()

    return run
