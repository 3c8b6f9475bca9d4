"""Claiming: due jobs in order of priority, each locked in the step that takes it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from redis.asyncio import Redis

from rrq_ref import keys
from rrq_ref.client import Client
from rrq_ref.job import JobStatus
from rrq_ref.settings import Settings
from rrq_ref.store import WorkerStore
from rrq_ref.transitions import Lease

from .conftest import Leaks
from .database import Database
from .moves import ENDS, claim_again, end, take, take_one, write
from .running import until


async def enqueue(client: Client, *job_ids: str, queue: str = "default") -> None:
    for job_id in job_ids:
        await client.enqueue("send", job_id=job_id, queue=queue)


async def test_a_claim_hands_over_the_job_and_locks_it(
    client: Client, store: WorkerStore, database: Database, settings: Settings
) -> None:
    await client.enqueue("send", "ada", kwargs={"n": 1}, job_id="a", max_retries=7, job_timeout_s=9)
    before = database.now_ms()
    claim = await store.lock_and_pop(10)
    after = database.now_ms()

    (claimed,) = claim.jobs
    assert (claimed.lease.job_id, claimed.lease.token) == ("a", 1)
    assert (claimed.function, claimed.args, claimed.kwargs) == (b"send", b'["ada"]', b'{"n":1}')
    assert (claimed.retries, claimed.max_retries, claimed.timeout_s) == (0, 7, 9)
    expiry = database.redis.zscore(keys.locks("default"), "a")
    assert before <= expiry - settings.lock_ttl_ms <= after
    job = await client.job("a")
    assert (job.status, job.worker_id, job.fencing_token) == (JobStatus.ACTIVE, "worker-1", 1)
    assert database.queued() == []


async def test_two_claims_never_get_the_same_job(
    client: Client, redis: Redis, settings: Settings
) -> None:
    await enqueue(client, *"abcdef")
    workers = [WorkerStore(redis, settings, f"worker-{n}") for n in range(8)]
    claims = await asyncio.gather(*[take(worker) for worker in workers])
    taken = [lease.job_id for leases in claims for lease in leases]
    assert sorted(taken) == [*"abcdef"]


async def test_a_claim_takes_no_more_than_it_wants(client: Client, store: WorkerStore) -> None:
    await enqueue(client, *"abc")
    assert [lease.job_id for lease in await take(store, 2)] == ["a", "b"]
    assert await take(store, 0) == []
    assert (await store.sizes("default"))["queued"] == 1


async def test_what_is_due_first_is_taken_first(
    client: Client, store: WorkerStore, database: Database
) -> None:
    await enqueue(client, *"abc")
    database.redis.zadd(keys.queue("default"), {"c": 1, "a": 2, "b": 3.5})
    assert [lease.job_id for lease in await take(store, 3)] == ["c", "a", "b"]


async def test_queues_are_emptied_in_order_of_priority(
    client: Client, redis: Redis, settings: Settings
) -> None:
    worker = WorkerStore(redis, replace(settings, queues=("high", "rrq:queue:low")), "worker-1")
    await enqueue(client, "l1", "l2", queue="low")
    await enqueue(client, "h1", "h2", queue="high")
    leases = await take(worker, 3)
    assert [(lease.job_id, lease.queue) for lease in leases] == [("h1", 0), ("h2", 0), ("l1", 1)]


async def test_a_worker_leaves_other_queues_alone(client: Client, store: WorkerStore) -> None:
    await enqueue(client, "a", queue="other")
    claim = await store.lock_and_pop(10)
    assert (claim.jobs, claim.left, claim.due_in_s) == ([], 0, None)


async def test_nothing_is_taken_before_its_time(
    client: Client, store: WorkerStore, database: Database
) -> None:
    await client.enqueue("send", job_id="a", defer_by=timedelta(seconds=90))
    claim = await store.lock_and_pop(10)
    assert (claim.jobs, claim.left) == ([], 1)
    assert claim.due_in_s is not None
    assert 80 < claim.due_in_s <= 90
    database.make_due("a")
    assert (await take_one(store)).job_id == "a"


async def test_a_job_is_taken_when_its_time_has_come(client: Client, store: WorkerStore) -> None:
    await client.enqueue("send", job_id="a", defer_by=timedelta(milliseconds=150))
    claim = await store.lock_and_pop(1)
    assert claim.jobs == []
    assert claim.due_in_s is not None
    assert 0 < claim.due_in_s <= 0.15
    async with asyncio.timeout(10):
        leases: list[Lease] = []
        while not leases:
            leases = [one.lease for one in (await store.lock_and_pop(1, wait_s=0.01)).jobs]
    assert leases[0].job_id == "a"


async def test_due_in_names_the_next_lock_to_expire_too(
    client: Client, store: WorkerStore, rival: WorkerStore
) -> None:
    await enqueue(client, "a")
    assert (await rival.lock_and_pop(1)).left == 1  # those just claimed included
    claim = await store.lock_and_pop(1)
    assert claim.due_in_s is not None
    assert 50 < claim.due_in_s <= 60  # the locks of these tests live one minute
    assert claim.left == 1


async def test_due_in_is_zero_while_due_jobs_are_left(client: Client, store: WorkerStore) -> None:
    await enqueue(client, "a", "b")
    assert (await store.lock_and_pop(1)).due_in_s == 0


async def test_stale_hints_are_deleted_and_fresh_ones_stay(
    client: Client, store: WorkerStore, database: Database
) -> None:
    await enqueue(client, "a", "b")
    await take(store)
    assert database.redis.llen(keys.wake("default")) == 2  # b is still there to be announced
    await take(store)
    assert not database.redis.exists(keys.wake("default"))


async def test_an_empty_queue_costs_a_claim_one_look(
    client: Client, redis: Redis, settings: Settings, database: Database
) -> None:
    names = tuple(f"queue-{n}" for n in range(8))
    worker = WorkerStore(redis, replace(settings, queues=names), "worker-1")
    for name in names[:2]:
        await enqueue(client, name, queue=name)
    assert len(await take(worker, 2)) == 2
    for name in names:
        database.redis.rpush(keys.wake(name), 1)
    database.redis.config_resetstat()
    await worker.lock_and_pop(2)
    calls = {
        name.removeprefix("cmdstat_"): told["calls"]
        for name, told in database.redis.info("commandstats").items()
    }
    # The two whose jobs run are looked at from both sides: their jobs, and their locks.
    assert (calls["exists"], calls["zrangebyscore"], calls["zrange"]) == (8, 4, 4)
    assert not [name for name in names if database.redis.exists(keys.wake(name))]


async def test_a_hint_ends_the_wait_before_a_claim(client: Client, store: WorkerStore) -> None:
    claiming = asyncio.create_task(store.lock_and_pop(1, wait_s=50))
    await until(lambda: store.unanswered_claim)
    await enqueue(client, "a")
    async with asyncio.timeout(10):
        (claimed,) = (await claiming).jobs
    assert claimed.lease.job_id == "a"


@pytest.mark.parametrize("wait_s", [1e-9, 0.01])  # 0 means "for ever" to the server
async def test_the_wait_before_a_claim_ends_by_itself(store: WorkerStore, wait_s: float) -> None:
    async with asyncio.timeout(10):
        assert (await store.lock_and_pop(1, wait_s)).jobs == []


async def test_a_claim_whose_wait_is_cut_short_takes_nothing_once_it_was_handed_back(
    client: Client, store: WorkerStore, database: Database
) -> None:
    """The server may come to the end of the wait before it hears that nobody is there any more."""
    claiming = asyncio.create_task(store.lock_and_pop(1, wait_s=50))
    await until(lambda: database.redis.info("clients")["blocked_clients"] == 1)
    claiming.cancel()
    with pytest.raises(asyncio.CancelledError):
        await claiming
    assert store.unanswered_claim
    assert (await store.lock_and_pop(0)).jobs == []
    await enqueue(client, "a")
    store.unanswered_claim = True  # the same call comes late
    assert (await store.lock_and_pop(1)).jobs == []
    assert database.locked() == []
    assert database.queued() == ["a"]


# A claim whose reply was lost


async def test_a_claim_that_is_sent_again_returns_the_same_jobs(
    client: Client, store: WorkerStore, database: Database
) -> None:
    await enqueue(client, *"abcd")
    first = await store.lock_and_pop(2)
    before = database.dump()
    again = await claim_again(store, 2)
    assert again.jobs == first.jobs
    assert [claimed.lease.job_id for claimed in again.jobs] == ["a", "b"]
    after = database.dump()
    locks = keys.locks("default")
    assert all(after[locks].value[job_id] >= before[locks].value[job_id] for job_id in "ab")
    assert {**after, locks: before[locks]} == before


async def test_the_next_claim_after_a_repeated_one_takes_new_jobs(
    client: Client, store: WorkerStore
) -> None:
    await enqueue(client, *"abc")
    await take(store)
    await claim_again(store)
    assert [lease.job_id for lease in await take(store, 5)] == ["b", "c"]


@pytest.mark.parametrize("how", [*ENDS])
async def test_a_repeated_claim_leaves_out_what_has_ended(
    client: Client, store: WorkerStore, how: str
) -> None:
    await enqueue(client, "a", "b")
    first, second = await take(store, 2)
    await end(store, ENDS[how](first))
    assert [claimed.lease for claimed in (await claim_again(store, 2)).jobs] == [second]


async def test_a_repeated_claim_leaves_out_what_another_worker_took_over(
    client: Client, store: WorkerStore, rival: WorkerStore, database: Database
) -> None:
    await enqueue(client, "a")
    await take(store)
    database.expire_lock("a")
    lease = await take_one(rival)
    with database.untouched():
        claim = await claim_again(store)
    assert (claim.jobs, claim.lost) == ([], [Lease(0, "a", lease.token - 2)])
    assert await write(rival, "finish", lease) == "DONE"


async def test_a_claim_record_outlives_its_locks_but_passes(
    client: Client, store: WorkerStore, database: Database, settings: Settings
) -> None:
    """So a worker that comes back late still learns which jobs it had."""
    await enqueue(client, "a")
    await take(store)
    left_ms = database.redis.pttl(keys.claim("worker-1"))
    assert settings.lock_ttl_ms < left_ms <= 600_000


# What lies in a queue and is no job


async def test_ghosts_are_dropped_and_named(
    client: Client, store: WorkerStore, database: Database
) -> None:
    await enqueue(client, "b")
    database.redis.zadd(keys.queue("default"), {"ghost": 1})
    assert (await store.lock_and_pop(1)).dropped == ["ghost"]
    assert await take_one(store)
    assert not database.redis.exists(keys.job("ghost"))


@pytest.mark.parametrize("status", ["COMPLETED", "FAILED", "CANCELLED"])
async def test_a_job_that_has_ended_is_dropped_from_its_queue(
    store: WorkerStore, database: Database, leaks: Leaks, status: str
) -> None:
    leaks.allow(keys.job("a"))
    database.redis.hset(keys.job("a"), "status", status)
    database.redis.zadd(keys.queue("default"), {"a": 1})
    claim = await store.lock_and_pop(1)
    assert (claim.jobs, claim.dropped) == ([], ["a"])
    assert database.job("a") == {"status": status}


async def test_a_second_entry_of_a_running_job_is_dropped(
    client: Client, store: WorkerStore, rival: WorkerStore, database: Database
) -> None:
    await enqueue(client, "a")
    lease = await take_one(store)
    database.redis.zadd(keys.queue("default"), {"a": 1})
    assert (await rival.lock_and_pop(1)).dropped == ["a"]
    assert await write(store, "finish", lease) == "DONE"


async def test_ids_that_are_no_utf8_are_jobs_and_ghosts_like_others(
    client: Client, store: WorkerStore, database: Database, leaks: Leaks
) -> None:
    leaks.allow("*b*")
    await enqueue(client, "a")
    database.redis.rename(keys.job("a"), b"rrq:job:b\xff")
    database.redis.zrem(keys.queue("default"), "a")
    database.redis.zadd(keys.queue("default"), {b"b\xff": 1, b"ghost\xff": 2})
    claim = await store.lock_and_pop(2)
    assert claim.dropped == ["ghost\udcff"]
    assert await write(store, "finish", claim.jobs[0].lease) == "DONE"
    assert database.redis.hget(b"rrq:job:b\xff", "status") == b"COMPLETED"


async def test_a_running_job_whose_key_was_overwritten_is_gone_and_holds_up_no_other(
    client: Client, store: WorkerStore, database: Database, leaks: Leaks
) -> None:
    leaks.allow(keys.job("a"), keys.locks("default"))
    await enqueue(client, "a")
    await enqueue(client, "b")
    first, second = await take(store, 2)
    database.redis.set(keys.job(first.job_id), "what")
    assert [answer.value for answer in await store.refresh_locks([first, second])] == [
        "GONE",
        "DONE",
    ]
    assert await write(store, "finish", first) == "GONE"


async def test_a_key_of_the_wrong_type_is_dead_lettered_and_the_queue_goes_on(
    client: Client, store: WorkerStore, database: Database, leaks: Leaks
) -> None:
    leaks.allow(keys.job("odd"), keys.dlq("default"))
    database.redis.set(keys.job("odd"), "text")
    database.redis.zadd(keys.queue("default"), {"odd": 1})
    await enqueue(client, "b")
    claim = await store.lock_and_pop(5)
    assert claim.buried == ["odd"]
    assert [claimed.lease.job_id for claimed in claim.jobs] == ["b"]
    assert database.dead() == ["odd"]
    assert database.queued() == []


@pytest.mark.parametrize("field", ["current_retries", "max_retries", "job_timeout_seconds"])
@pytest.mark.parametrize("value", ["", "many", "1e999", "nan"])
async def test_a_job_with_a_damaged_number_does_not_stop_the_claim(
    client: Client, store: WorkerStore, database: Database, field: str, value: str
) -> None:
    """One bad hash must not take down every worker that meets it, with all of its jobs."""
    await enqueue(client, "a", "b")
    database.redis.hset(keys.job("a"), field, value)
    assert {lease.job_id for lease in await take(store, 5)} == {"a", "b"}
