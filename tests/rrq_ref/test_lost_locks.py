"""Locks that expire: renewed while their holder lives, taken back when it does not."""

from __future__ import annotations

from dataclasses import replace

import pytest
from redis.asyncio import Redis

from rrq_ref import keys
from rrq_ref.client import Client
from rrq_ref.job import JobStatus
from rrq_ref.settings import Settings
from rrq_ref.store import WorkerStore
from rrq_ref.transitions import Lease

from .database import Database
from .moves import ENDS, end, take, take_one, write


async def crash(store: WorkerStore, database: Database, job_id: str = "a") -> Lease:
    """Claim one job, and die with it."""
    lease = await take_one(store)
    database.expire_lock(job_id)
    return lease


async def test_an_expired_lock_is_taken_back_and_the_job_given_to_the_claimer(
    client: Client, store: WorkerStore, rival: WorkerStore, database: Database
) -> None:
    await client.enqueue("send", job_id="a")
    old = await take_one(store)
    claim = await rival.lock_and_pop(1)
    assert (claim.jobs, claim.taken_back) == ([], [])  # the lock lives
    database.expire_lock("a")
    claim = await rival.lock_and_pop(1)
    assert claim.taken_back == ["a"]
    assert [claimed.lease for claimed in claim.jobs] == [Lease(0, "a", old.token + 2)]
    job = await client.job("a")
    assert (job.worker_id, job.crashes, job.retries) == ("worker-2", 1, 0)


async def test_taking_back_raises_the_token_even_when_nobody_claims(
    client: Client, store: WorkerStore, rival: WorkerStore, database: Database
) -> None:
    await client.enqueue("send", job_id="a")
    old = await crash(store, database)
    await rival.lock_and_pop(0)
    job = await client.job("a")
    assert (job.status, job.fencing_token) == (JobStatus.PENDING, old.token + 1)
    assert (job.worker_id, job.crashes) == (None, 1)
    assert (database.queued(), database.locked()) == (["a"], [])


async def test_a_job_that_was_taken_back_is_first_in_line(
    client: Client, store: WorkerStore, rival: WorkerStore, database: Database
) -> None:
    for job_id in "abc":
        await client.enqueue("send", job_id=job_id)
    await crash(store, database)
    assert [lease.job_id for lease in await take(rival, 3)] == ["a", "b", "c"]


async def test_only_locks_that_have_expired_are_taken_back(
    client: Client, store: WorkerStore, rival: WorkerStore, database: Database
) -> None:
    for job_id in "ab":
        await client.enqueue("send", job_id=job_id)
    first, second = await take(store, 2)
    database.expire_lock("a")
    assert (await rival.lock_and_pop(5)).taken_back == ["a"]
    assert await write(store, "finish", second) == "DONE"
    assert await write(store, "finish", first) == "SUPERSEDED"


async def test_a_job_that_keeps_killing_its_worker_is_buried_as_poison(
    client: Client, redis: Redis, settings: Settings, database: Database
) -> None:
    settings = replace(settings, max_crashes=3)
    await client.enqueue("send", job_id="a", unique_key="u")
    for n in range(3):
        await crash(WorkerStore(redis, settings, f"worker-{n}"), database)
    claim = await WorkerStore(redis, settings, "worker-9").lock_and_pop(1)
    assert (claim.jobs, claim.buried, claim.taken_back) == ([], ["a"], [])
    job = await client.job("a")
    assert (job.status, job.dead_reason, job.crashes) == (JobStatus.FAILED, "poison", 3)
    assert job.last_error == "lost its worker 3 times"
    assert (database.dead(), database.locked()) == (["a"], [])
    assert not database.redis.exists(keys.unique("u"))
    assert 0 < database.redis.ttl(keys.job("a")) <= settings.dlq_ttl_s


async def test_failures_are_not_crashes_and_crashes_are_not_failures(
    client: Client, store: WorkerStore, rival: WorkerStore, database: Database
) -> None:
    await client.enqueue("send", job_id="a")
    await crash(store, database)
    await end(rival, ENDS["retry"](await take_one(rival)))
    database.make_due("a")
    await crash(rival, database)
    await take_one(store)
    job = await client.job("a")
    assert (job.retries, job.crashes) == (1, 2)


async def test_an_expired_lock_that_nobody_took_back_is_still_its_holders(
    client: Client, store: WorkerStore, database: Database
) -> None:
    await client.enqueue("send", job_id="a")
    lease = await crash(store, database)
    assert await write(store, "finish", lease) == "DONE"
    assert (await client.job("a")).crashes == 0


async def test_refreshing_renews_each_lock_for_a_whole_ttl(
    client: Client, store: WorkerStore, rival: WorkerStore, database: Database, settings: Settings
) -> None:
    for job_id in "abc":
        await client.enqueue("send", job_id=job_id)
    a, b, c = await take(store, 3)
    await write(store, "finish", b)
    for job_id in "ac":
        database.expire_lock(job_id)
    before = database.now_ms()
    assert await store.refresh_locks([a, b, c]) == ["DONE", "SUPERSEDED", "DONE"]
    after = database.now_ms()
    for job_id in "ac":
        expiry = database.redis.zscore(keys.locks("default"), job_id)
        assert before <= expiry - settings.lock_ttl_ms <= after
    assert database.locked() == ["a", "c"]
    assert (await rival.lock_and_pop(5)).taken_back == []


async def test_locks_are_refreshed_in_the_queue_they_belong_to(
    client: Client, redis: Redis, settings: Settings, database: Database
) -> None:
    worker = WorkerStore(redis, replace(settings, queues=("high", "low")), "worker-1")
    await client.enqueue("send", job_id="a", queue="low")
    lease = await take_one(worker)
    database.expire_lock("a", "low")
    assert await worker.refresh_locks([lease]) == ["DONE"]
    assert (database.locked("high"), database.locked("low")) == ([], ["a"])
    assert database.redis.zscore(keys.locks("low"), "a") > database.now_ms()


@pytest.mark.parametrize("status", [None, "COMPLETED", "PENDING"])
async def test_a_lock_without_a_running_job_goes_and_the_queue_goes_on(
    client: Client, store: WorkerStore, database: Database, status: str | None
) -> None:
    await client.enqueue("send", job_id="a")
    if status == "COMPLETED":
        await end(store, ENDS["finish"](await take_one(store)))
    elif status is None:
        database.redis.delete(keys.job("a"))
    database.redis.zadd(keys.locks("default"), {"a": 1, "ghost": 1})
    claim = await store.lock_and_pop(0)
    assert (claim.taken_back, claim.buried, database.locked()) == ([], [], [])
    if status is None:
        assert (await store.lock_and_pop(1)).dropped == ["a"]


async def test_a_backlog_of_expired_locks_is_taken_back_bit_by_bit(
    client: Client, store: WorkerStore, rival: WorkerStore, database: Database
) -> None:
    """One claim keeps the server busy for a bounded time, however many workers have died."""
    for n in range(250):
        await client.enqueue("send", job_id=f"{n:03}")
    await take(store, 250)
    for job_id in database.locked():
        database.expire_lock(job_id)
    counts = [len((await rival.lock_and_pop(0)).taken_back) for _ in range(4)]
    assert (sum(counts), max(counts)) == (250, 100)
