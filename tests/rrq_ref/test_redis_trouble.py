"""A Redis that cannot, does not answer, or forgot: domain errors, and nothing done by halves."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from redis import Redis as PlainRedis
from redis.asyncio import Redis

from rrq_ref import keys
from rrq_ref.client import Client, SyncClient
from rrq_ref.errors import StoreError, StoreRefused, StoreUnavailable
from rrq_ref.job import NewJob
from rrq_ref.settings import Settings
from rrq_ref.store import Store, WorkerStore, connect

from .database import Database
from .forgetful import Replies, forgetful
from .moves import ENDS, end, take_one, write

# Scripts forgotten


@pytest.mark.parametrize("how", [*ENDS, "refresh"])
async def test_every_transition_survives_a_server_that_forgot_its_scripts(
    client: Client, store: WorkerStore, admin: PlainRedis, how: str
) -> None:
    admin.script_flush()
    await client.enqueue("send", job_id="a")
    admin.script_flush()
    lease = await take_one(store)
    admin.script_flush()
    assert await write(store, how, lease) in ("DONE", "BURIED")
    if how == "bury":
        admin.script_flush()
        assert await store.requeue(await client.job("a"), "default") == "DONE"


async def test_a_batch_that_forgot_half_its_scripts_is_written_once(
    client: Client, store: WorkerStore, admin: PlainRedis, database: Database
) -> None:
    await client.enqueue("send", job_id="a")
    await client.enqueue("send", job_id="b")
    first, second = await take_one(store), await take_one(store)
    admin.script_flush()
    admin.script_load(store.calls.finish([]).script.text)  # the finish runs, the retry does not
    answers = await store.settle([ENDS["finish"](first), ENDS["retry"](second)])
    assert [str(answer) for answer in answers] == ["REPEAT", "DONE"]
    assert database.job("b")["current_retries"] == "1"


async def test_many_enqueues_survive_a_script_flush(
    client: Client, admin: PlainRedis, database: Database
) -> None:
    admin.script_flush()
    ids = await client.enqueue_many([NewJob(function="send") for _ in range(300)])
    assert sorted(database.queued()) == sorted(ids)


def test_the_plain_client_survives_a_script_flush(admin: PlainRedis, url: str) -> None:
    with SyncClient(Settings(redis_url=url)) as client:
        admin.script_flush()
        job = client.enqueue("send")
        admin.script_flush()
        assert client.enqueue_many([NewJob(function="send", job_id=job.id)] * 2) == [job.id] * 2


# A server that says no


@contextmanager
def _full(admin: PlainRedis) -> Iterator[None]:
    admin.config_set("maxmemory", 1)
    try:
        yield
    finally:
        admin.config_set("maxmemory", 0)


@contextmanager
def _read_only(admin: PlainRedis) -> Iterator[None]:
    """A primary that became a replica in a fail-over."""
    admin.execute_command("REPLICAOF", "127.0.0.1", "1")
    try:
        yield
    finally:
        admin.execute_command("REPLICAOF", "NO", "ONE")


Trouble = Callable[[PlainRedis], "object"]


@pytest.fixture(params=[_full, _read_only], ids=["full", "read-only"])
def trouble(request: pytest.FixtureRequest) -> Callable[[PlainRedis], Iterator[None]]:
    chosen: Callable[[PlainRedis], Iterator[None]] = request.param
    return chosen
