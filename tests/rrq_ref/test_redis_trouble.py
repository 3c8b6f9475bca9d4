"""A Redis that refuses, does not answer, or forgot: domain errors, and nothing half done."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import replace
from typing import Any

import pytest
from redis import Redis as PlainRedis
from redis import exceptions as redis_errors

from rrq_ref import keys
from rrq_ref.client import Client, SyncClient
from rrq_ref.errors import JobNotFound, StoreError, StoreRefused, StoreUnavailable
from rrq_ref.job import NewJob
from rrq_ref.settings import Settings
from rrq_ref.store import Store, WorkerStore, connect, translated

from .conftest import Leaks
from .database import Database
from .forgetful import Replies, forgetful, plain_forgetful
from .moves import ENDS, WRITES, take, take_one, write

# Scripts forgotten


@pytest.mark.parametrize("what", WRITES)
async def test_every_transition_survives_a_server_that_forgot_its_scripts(
    client: Client, store: WorkerStore, admin: PlainRedis, what: str
) -> None:
    admin.script_flush()
    await client.enqueue("send", job_id="a")
    admin.script_flush()
    lease = await take_one(store)
    admin.script_flush()
    assert await write(store, what, lease) in ("DONE", "BURIED")
    if what == "bury":
        admin.script_flush()
        assert await store.requeue(await client.job("a"), "default") == "DONE"


async def test_a_batch_that_lost_some_of_its_scripts_is_written_once(
    client: Client, store: WorkerStore, admin: PlainRedis, database: Database
) -> None:
    await client.enqueue_many([NewJob(function="send", job_id=job_id) for job_id in "abcd"])
    a, b, c, d = await take(store, 4)
    await store.settle([ENDS["finish"](a)])
    admin.script_flush()
    await store.settle([ENDS["finish"](b)])  # the server knows this one again, and no other
    answers = await store.settle([ENDS["finish"](c), ENDS["retry"](d)])
    assert [str(answer) for answer in answers] == ["DONE", "DONE"]
    assert (database.job("d")["current_retries"], database.queued()) == ("1", ["d"])


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


async def test_a_forgotten_script_is_no_answer_to_a_command_that_calls_none(
    store: WorkerStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No server says so by itself, but a proxy in between may."""

    async def exchange(commands: Sequence[object]) -> list[Exception]:
        return [
            redis_errors.NoScriptError("No matching script. Please use EVAL.") for _ in commands
        ]

    monkeypatch.setattr(store.redis, "exchange", exchange)
    with pytest.raises(StoreRefused):
        await store.heartbeat({})
    with pytest.raises(StoreRefused):
        await store.remove_heartbeat()


# A server that says no

Fault = Callable[[PlainRedis], AbstractContextManager[None]]


@contextmanager
def full(admin: PlainRedis) -> Iterator[None]:
    admin.config_set("maxmemory", 1)
    try:
        yield
    finally:
        admin.config_set("maxmemory", 0)


@contextmanager
def read_only(admin: PlainRedis) -> Iterator[None]:
    """A server like a former primary after a fail-over. Its new primary does not answer."""
    admin.replicaof("127.0.0.1", 1)
    try:
        yield
    finally:
        admin.replicaof("NO", "ONE")


@contextmanager
def too_few_replicas(admin: PlainRedis) -> Iterator[None]:
    admin.config_set("min-replicas-to-write", 1)
    try:
        yield
    finally:
        admin.config_set("min-replicas-to-write", 0)


@contextmanager
def without_its_primary(admin: PlainRedis) -> Iterator[None]:
    admin.config_set("replica-serve-stale-data", "no")
    try:
        with read_only(admin):
            yield
    finally:
        admin.config_set("replica-serve-stale-data", "yes")


FAULTS = [full, read_only, too_few_replicas]


@pytest.mark.parametrize("fault", [*FAULTS, without_its_primary])
async def test_a_refused_enqueue_says_that_it_did_not_happen(
    client: Client, database: Database, admin: PlainRedis, fault: Fault
) -> None:
    with database.untouched(), fault(admin), pytest.raises(StoreRefused):
        await client.enqueue("send", unique_key="u")
    await client.enqueue("send", unique_key="u")


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("what", WRITES)
async def test_a_transition_happens_whole_or_not_at_all(
    client: Client,
    store: WorkerStore,
    database: Database,
    admin: PlainRedis,
    fault: Fault,
    what: str,
) -> None:
    """A full server allows commands that free memory. A script must not stop after one of them."""
    await client.enqueue("send", job_id="a", unique_key="u")
    lease = await take_one(store)
    before = database.dump()
    with fault(admin):
        try:
            answer = await write(store, what, lease)
        except StoreRefused:
            assert database.dump() == before
            answer = ""
    repeated = await write(store, what, lease)
    assert repeated in (("DONE", "BURIED") if not answer or what == "refresh" else ("REPEAT",))


@pytest.mark.parametrize("fault", FAULTS)
async def test_claims_and_requeues_happen_whole_or_not_at_all(
    client: Client, store: WorkerStore, database: Database, admin: PlainRedis, fault: Fault
) -> None:
    await client.enqueue("send", job_id="a")
    await client.enqueue("send", job_id="b")
    await write(store, "bury", await take_one(store))
    dead = await client.job("a")
    with fault(admin):
        for step in (store.lock_and_pop(1), store.requeue(dead, "default"), store.heartbeat({})):
            before = database.dump()
            try:
                await step
            except StoreRefused:
                assert database.dump() == before
    assert await store.requeue(dead, "default") in ("DONE", "REPEAT")


async def test_a_job_that_cannot_be_read_now_is_not_said_to_be_absent(
    client: Client, admin: PlainRedis
) -> None:
    await client.enqueue("send", job_id="a")
    with without_its_primary(admin), pytest.raises(StoreRefused):
        await client.job("a")
    assert await client.job("a")


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (redis_errors.BusyLoadingError("Redis is loading the dataset in memory"), StoreRefused),
        (redis_errors.OutOfMemoryError("command not allowed when used memory > …"), StoreRefused),
        (redis_errors.ReadOnlyError("You can't write against a read only replica"), StoreRefused),
        (redis_errors.MasterDownError("Link with MASTER is down"), StoreRefused),
        (redis_errors.ResponseError("MISCONF Redis is configured to save …"), StoreRefused),
        (redis_errors.ResponseError("BUSY Redis is busy running a script"), StoreRefused),
        (redis_errors.ConnectionError("max number of clients reached"), StoreRefused),
        (redis_errors.ResponseError("script: -READONLY You can't write"), StoreRefused),
        (redis_errors.ResponseError("WRONGTYPE Operation against a key"), StoreError),
        (redis_errors.ConnectionError("Connection closed by server."), StoreUnavailable),
        (redis_errors.TimeoutError("Timeout reading from socket"), StoreUnavailable),
        (ConnectionRefusedError(111, "Connection refused"), StoreUnavailable),
        (TimeoutError(), StoreUnavailable),
        (
            RuntimeError("unable to perform operation on <TCPTransport>; the handler is closed"),
            StoreUnavailable,
        ),
    ],
)
def test_errors_of_redis_become_the_stores_own(
    error: Exception, expected: type[StoreError]
) -> None:
    with pytest.raises(StoreError) as caught, translated():
        raise error
    assert type(caught.value) is expected
    assert caught.value.__cause__ is error


def test_a_mistake_in_the_program_is_no_trouble_with_redis() -> None:
    with pytest.raises(RuntimeError, match="no running event loop"), translated():
        raise RuntimeError("no running event loop")


# A server that does not answer


async def test_nobody_listening_is_unavailable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    settings = Settings(redis_url=f"redis://127.0.0.1:{port}/0", poll_min_ms=1, poll_max_ms=1)
    async with Client(settings) as client:
        with pytest.raises(StoreUnavailable):
            await client.enqueue("send")
    with SyncClient(settings) as plain, pytest.raises(StoreUnavailable):
        plain.enqueue("send")


async def test_a_server_that_hangs_is_given_up_after_the_command_time_out() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"redis://127.0.0.1:{silent.getsockname()[1]}/0"
        settings = Settings(redis_url=url, command_timeout_ms=50, poll_min_ms=1, poll_max_ms=1)
        async with Client(settings) as client, asyncio.timeout(30):
            with pytest.raises(StoreUnavailable):
                await client.job("a")
            with pytest.raises(StoreUnavailable):
                await client.enqueue("send")
        with SyncClient(settings) as plain, pytest.raises(StoreUnavailable):
            plain.enqueue("send")


# Replies that get lost


@pytest.fixture
def replies() -> Replies:
    return Replies()


@pytest.mark.parametrize("lost", [1, 2])
@pytest.mark.parametrize("options", [{}, {"job_id": "a"}, {"unique_key": "u"}])
async def test_an_enqueue_whose_reply_is_lost_makes_one_job(
    settings: Settings, replies: Replies, database: Database, lost: int, options: dict[str, Any]
) -> None:
    async with Client(settings, redis=forgetful(settings, replies)) as client:
        await client.enqueue("other", job_id="first")  # now the server knows the script
        replies.to_lose = lost
        job = await client.enqueue("send", "ada", **options)
    assert replies.to_lose == 0
    assert sorted(database.queued()) == sorted(["first", job.id])
    assert (job.function, job.args) == ("send", ["ada"])


async def test_an_enqueue_that_is_never_answered_may_have_happened(
    settings: Settings, replies: Replies, database: Database
) -> None:
    async with Client(settings, redis=forgetful(settings, replies)) as client:
        await client.enqueue("other", job_id="first")
        replies.to_lose = 3
        with pytest.raises(StoreUnavailable):
            await client.enqueue("send", job_id="a")
        with database.untouched():
            assert (await client.enqueue("send", job_id="a")).id == "a"  # to be sure


async def test_a_refusal_after_a_lost_reply_leaves_the_outcome_unknown(
    settings: Settings, replies: Replies, database: Database, admin: PlainRedis
) -> None:
    """To say "it did not happen" would be a lie, because the first try did."""
    async with Client(settings, redis=forgetful(settings, replies)) as client:
        await client.enqueue("other", job_id="first")
        with ExitStack() as stack:
            replies.to_lose = 1
            replies.on_loss = lambda: stack.enter_context(without_its_primary(admin))
            with pytest.raises(StoreUnavailable):
                await client.enqueue("send", job_id="a")
    assert sorted(database.queued()) == ["a", "first"]


async def test_many_enqueues_whose_reply_is_lost_are_each_one_job(
    settings: Settings, replies: Replies, database: Database
) -> None:
    async with Client(settings, redis=forgetful(settings, replies)) as client:
        await client.enqueue("other", job_id="first")
        replies.to_lose = 1
        ids = await client.enqueue_many([NewJob(function="send") for _ in range(20)])
    assert replies.to_lose == 0
    assert sorted(database.queued()) == sorted(["first", *ids])


def test_the_plain_clients_lost_replies_make_no_second_job(
    settings: Settings, replies: Replies, database: Database
) -> None:
    with SyncClient(settings, redis=plain_forgetful(settings.redis_url, replies)) as client:
        client.enqueue("other", job_id="first")
        replies.to_lose = 2
        job = client.enqueue("send")
        replies.to_lose = 1
        ids = client.enqueue_many([NewJob(function="send") for _ in range(20)])
    assert replies.to_lose == 0
    assert sorted(database.queued()) == sorted(["first", job.id, *ids])


async def test_a_claim_whose_reply_is_lost_is_asked_for_again(
    settings: Settings, client: Client, replies: Replies
) -> None:
    await client.enqueue_many([NewJob(function="send", job_id=job_id) for job_id in "abc"])
    redis = forgetful(settings, replies)
    worker = WorkerStore(redis, settings, "worker-1")
    await worker.lock_and_pop(0)
    replies.to_lose = 1
    with pytest.raises(StoreUnavailable):
        await worker.lock_and_pop(2)
    assert [lease.job_id for lease in await take(worker, 2)] == ["a", "b"]
    assert [lease.job_id for lease in await take(worker, 2)] == ["c"]
    await redis.aclose(close_connection_pool=True)


# A job's hash that is none


async def test_an_id_that_no_job_hash_stands_for_is_reported(
    client: Client, settings: Settings, database: Database, leaks: Leaks
) -> None:
    leaks.allow(keys.job("*"))
    database.redis.set(keys.job("text"), "text")
    database.redis.hset(keys.job("odd"), "colour", "red")
    for job_id in ("text", "odd"):
        with pytest.raises(StoreError, match=job_id):
            await client.enqueue("send", job_id=job_id)
        with SyncClient(settings) as plain, pytest.raises(StoreError):
            plain.enqueue("send", job_id=job_id)
        with pytest.raises(JobNotFound, match=job_id):
            await client.job(job_id)


async def test_one_pool_is_sized_from_the_concurrency(url: str) -> None:
    settings = replace(Settings(redis_url=url), concurrency=3)
    redis = connect(settings)
    assert redis.connection_pool.max_connections == settings.pool_size == 9
    await redis.aclose(close_connection_pool=True)


async def test_a_peer_that_is_slow_to_close_its_connection_makes_nothing_fail(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    redis = connect(settings)

    async def time_out(**_: bool) -> None:
        raise redis_errors.TimeoutError("Timed out closing connection after 0.2")

    monkeypatch.setattr(redis, "aclose", time_out)
    await Store(redis, settings).aclose()
