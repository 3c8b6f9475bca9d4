"""Cancel: a waiting job never runs; a running one is asked to stop, and is not run again."""

from __future__ import annotations

import asyncio
import threading
from datetime import timedelta
from typing import Any

import pytest
from redis.asyncio import Redis

from rrq_ref import keys
from rrq_ref.attempt import Context
from rrq_ref.client import Client, SyncClient
from rrq_ref.errors import JobCancelled
from rrq_ref.job import JobStatus
from rrq_ref.settings import Settings
from rrq_ref.store import WorkerStore
from rrq_ref.transitions import Release, Retry

from .commands import Cli, cli
from .database import Database
from .moves import ENDS, claim_again, end, take, take_one, write
from .running import running, until

__all__ = ["cli"]


# A job that has not started


@pytest.mark.parametrize("later", [None, timedelta(hours=1)])
async def test_a_job_that_waits_is_cancelled(
    client: Client, store: WorkerStore, database: Database, later: timedelta | None
) -> None:
    await client.enqueue("send", job_id="a", unique_key="u", defer_by=later)
    assert await client.cancel("a") == "DONE"
    job = await client.job("a")
    assert (job.status, job.next_run_time, job.worker_id) == (JobStatus.CANCELLED, None, None)
    assert job.completion_time is not None
    assert (database.queued(), database.dead()) == ([], [])
    assert database.redis.get(keys.unique("u")) is None
    assert 0 < database.redis.ttl(keys.job("a")) <= Settings().dlq_ttl_s
    assert await take(store) == []


async def test_a_job_that_waits_for_a_retry_is_cancelled(
    client: Client, store: WorkerStore, database: Database
) -> None:
    await client.enqueue("send", job_id="a")
    await end(store, Retry(await take_one(store), "no", 0))
    assert await client.cancel("a") == "DONE"
    assert ((await client.job("a")).status, database.queued()) == (JobStatus.CANCELLED, [])


async def test_a_cancelled_job_gives_up_only_its_own_unique_key(
    client: Client, store: WorkerStore, database: Database
) -> None:
    await client.enqueue("send", job_id="a", unique_key="u")
    database.redis.delete(keys.unique("u"))
    await client.enqueue("send", job_id="b", unique_key="u")
    assert await client.cancel("a") == "DONE"
    assert database.redis.get(keys.unique("u")) == b"b"


async def test_a_job_that_rrq_has_queued_is_cancelled(client: Client, database: Database) -> None:
    """RRQ 0.11 writes the queue's name with its prefix."""
    await client.enqueue("send", job_id="a", queue="mail")
    database.redis.hset(keys.job("a"), "queue_name", "rrq:queue:mail")
    assert await client.cancel("a") == "DONE"
    assert database.queued("mail") == []
    database.redis.hset(keys.job("a"), "queue_name", "mail")


async def test_the_same_cancel_again_changes_nothing(client: Client, database: Database) -> None:
    await client.enqueue("send", job_id="a", unique_key="u")
    await client.cancel("a")
    await client.enqueue("send", job_id="b", unique_key="u")
    with database.untouched():
        assert await client.cancel("a") == "DONE"


@pytest.mark.parametrize("how", ["finish", "bury"])
async def test_a_job_that_has_ended_is_not_cancelled(
    client: Client, store: WorkerStore, database: Database, how: str
) -> None:
    await client.enqueue("send", job_id="a")
    await end(store, ENDS[how](await take_one(store)))
    with database.untouched():
        assert await client.cancel("a") == "ENDED"


async def test_no_such_job_and_no_job_at_all(client: Client, database: Database) -> None:
    assert await client.cancel("nosuch") == "GONE"
    database.redis.set(keys.job("a"), "no hash")
    assert await client.cancel("a") == "GONE"
    assert database.redis.keys("*") == [keys.job("a").encode()]
    database.redis.delete(keys.job("a"))


# One that runs


async def test_a_request_is_seen_with_the_next_renewal_and_changes_nothing_else(
    client: Client, store: WorkerStore, database: Database
) -> None:
    await client.enqueue("send", job_id="a")
    lease = await take_one(store)
    assert await write(store, "refresh", lease) == "DONE"
    assert [await client.cancel("a") for _ in range(2)] == ["REQUESTED", "REQUESTED"]
    database.expire_lock("a")
    assert [await write(store, "refresh", lease) for _ in range(2)] == ["STOP", "STOP"]
    assert database.redis.zscore(keys.locks("default"), "a") > database.now_ms()
    assert (await client.job("a")).status is JobStatus.ACTIVE
    assert await write(store, "finish", lease) == "DONE"  # it was done before it heard of it
    assert (await client.job("a")).status is JobStatus.COMPLETED


@pytest.mark.parametrize("how", ["release", "retry"])
async def test_an_attempt_that_was_asked_to_stop_ends_its_job(
    client: Client, store: WorkerStore, rival: WorkerStore, database: Database, how: str
) -> None:
    await client.enqueue("send", job_id="a", unique_key="u", max_retries=1)
    lease = await take_one(store)
    await client.cancel("a")
    with database.untouched():
        assert await write(rival, how, lease) == "SUPERSEDED"
    assert await write(store, how, lease) == "STOPPED"
    assert (await client.job("a")).status is JobStatus.CANCELLED
    assert (database.queued(), database.locked(), database.dead()) == ([], [], [])
    assert database.redis.get(keys.unique("u")) is None
    with database.untouched():  # its reply was lost
        assert await write(store, how, lease) == "REPEAT"
    assert await client.cancel("a") == "DONE"


async def test_a_request_stands_when_the_worker_dies(
    client: Client, store: WorkerStore, rival: WorkerStore, database: Database
) -> None:
    await client.enqueue("send", job_id="a", unique_key="u")
    lease = await take_one(store)
    await client.cancel("a")
    database.expire_lock("a")
    claim = await rival.lock_and_pop(1)
    assert (claim.jobs, claim.buried, claim.taken_back) == ([], ["a"], [])
    assert (await client.job("a")).status is JobStatus.CANCELLED
    assert (database.queued(), database.locked(), database.dead()) == ([], [], [])
    for how in ENDS:
        with database.untouched():
            assert await write(store, how, lease) == "SUPERSEDED"
    assert (await claim_again(rival)).jobs == []


async def test_a_request_does_not_outlive_the_life_that_it_was_for(
    client: Client, store: WorkerStore, database: Database
) -> None:
    await client.enqueue("send", job_id="a")
    lease = await take_one(store)
    await client.cancel("a")
    await write(store, "bury", lease)  # its time was up
    assert await store.requeue(await client.job("a"), "default") == "DONE"
    lease = await take_one(store)
    assert await write(store, "refresh", lease) == "DONE"
    assert await write(store, "release", lease) == "DONE"


# In a worker


async def _forever(ended: list[str]) -> None:
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        await asyncio.sleep(0.05)  # it cleans up, through several renewals
        ended.append("cleaned up")
        raise


@pytest.fixture
def quick(settings: Settings) -> Settings:
    """Its workers hear of a cancellation soon, and keep their locks on a busy machine."""
    return Settings(redis_url=settings.redis_url, lock_ttl_ms=1_500, poll_min_ms=5, poll_max_ms=20)


async def test_a_handler_is_cancelled_once_and_may_clean_up(
    redis: Redis, client: Client, quick: Settings, database: Database
) -> None:
    ended: list[str] = []
    seen: list[Context] = []

    async def handler(context: Context) -> None:
        seen.append(context)
        await _forever(ended)

    async with running(redis, quick, {"send": handler}):
        await client.enqueue("send", job_id="a")
        await until(lambda: seen)
        assert await client.cancel("a") == "REQUESTED"
        await until(lambda: database.job("a")["status"] == "CANCELLED")
    assert (ended, len(seen)) == (["cleaned up"], 1)
    assert (seen[0].cancelled, seen[0].lost) == (True, False)


async def test_a_plain_function_sees_it_when_it_looks(
    redis: Redis, client: Client, quick: Settings, database: Database
) -> None:
    raised: list[BaseException] = []
    began, never = threading.Event(), threading.Event()

    def handler(context: Context) -> None:
        began.set()
        try:
            while not never.wait(0.005):
                context.check()
        except JobCancelled as error:
            raised.append(error)
            raise

    try:
        async with running(redis, quick, {"send": handler}):
            await client.enqueue("send", job_id="a")
            await until(began.is_set)
            await client.cancel("a")
            await until(lambda: database.job("a")["status"] == "CANCELLED")
    finally:
        never.set()
    assert str(raised[0]) == "job a was asked to stop"


async def test_one_that_finishes_all_the_same_is_completed(
    redis: Redis, client: Client, quick: Settings, database: Database
) -> None:
    began = asyncio.Event()

    async def handler(context: Context) -> str:
        began.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            return "half"
        return "never"

    async with running(redis, quick, {"send": handler}):
        await client.enqueue("send", job_id="a")
        await began.wait()
        await client.cancel("a")
        await until(lambda: database.job("a")["status"] == "COMPLETED")
    assert (await client.job("a")).result == "half"


async def test_a_drain_does_not_hand_back_what_was_asked_to_stop(
    redis: Redis, client: Client, settings: Settings, database: Database
) -> None:
    """The worker leaves before it renews the lock, and so before it hears of the request."""
    began = asyncio.Event()

    async def handler(context: Context) -> None:
        began.set()
        await asyncio.Event().wait()

    async with running(redis, settings, {"send": handler}) as worker:
        await client.enqueue("send", job_id="a")
        await began.wait()
        await client.cancel("a")
        worker.worker.drain(hurry=True)
    assert (database.job("a")["status"], database.queued()) == ("CANCELLED", [])


# The other doors


def test_sync_and_command_line(url: str, cli: Cli, database: Database) -> None:
    with SyncClient(Settings(redis_url=url)) as plain:
        plain.enqueue("send", job_id="a")
        assert plain.cancel("a") == "DONE"
        plain.enqueue("send", job_id="b c")
    done = cli("cancel", "b c")
    assert (done.code, done.out) == (0, "DONE b c\n")
    assert cli("cancel", "nosuch").code == 1
    fields: Any = {"status": "ACTIVE", "worker_id": "w"}
    database.redis.hset(keys.job("b c"), mapping=fields)
    database.redis.persist(keys.job("b c"))
    database.redis.zadd(keys.locks("default"), {"b c": 1})
    assert cli("cancel", "b c").out == "REQUESTED b c\n"


async def test_released_jobs_of_others_are_not_touched(client: Client, store: WorkerStore) -> None:
    await client.enqueue("send", job_id="a")
    await client.enqueue("send", job_id="b")
    first, second = await take(store, 2)
    await client.cancel("a")
    assert await store.settle([Release(first), Release(second)]) == ["STOPPED", "DONE"]
