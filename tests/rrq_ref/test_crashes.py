"""A job is charged with a crash only when its worker went down with it."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from dataclasses import replace
from itertools import count

import pytest
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import NoPermissionError

from rrq_ref import keys, scripts
from rrq_ref.attempt import Context
from rrq_ref.client import Client
from rrq_ref.job import JobStatus
from rrq_ref.settings import Settings
from rrq_ref.store import WorkerStore
from rrq_ref.transitions import Acquit, Lease

from .database import Database
from .moves import claim_again, end, take, take_one, write
from .running import Gate, ManualClock, Tap, running, until


@pytest.fixture
def workers(redis: Redis, settings: Settings) -> list[WorkerStore]:
    settings = replace(settings, max_crashes=2)
    return [WorkerStore(redis, settings, f"worker-{n}") for n in range(4)]


async def outlive(store: WorkerStore, database: Database) -> Lease:
    """Claim the job `a` and let its lock run out."""
    lease = await take_one(store)
    database.expire_lock("a")
    return lease


async def test_a_worker_says_that_it_lives_before_its_job_is_taken_back(
    client: Client, store: WorkerStore, rival: WorkerStore, database: Database
) -> None:
    await client.enqueue("send", job_id="a")
    lease = await outlive(store, database)
    assert await end(store, Acquit(lease)) == "DONE"
    assert (await rival.lock_and_pop(1)).taken_back == ["a"]
    assert (await client.job("a")).crashes == 0


async def test_a_worker_says_that_it_lives_after_its_job_was_taken_back(
    client: Client, store: WorkerStore, rival: WorkerStore, database: Database
) -> None:
    await client.enqueue("send", job_id="a")
    lease = await outlive(store, database)
    await rival.lock_and_pop(1)
    assert (await client.job("a")).crashes == 1
    assert await end(store, Acquit(lease)) == "DONE"
    assert await end(store, Acquit(lease)) == "REPEAT"
    assert (await client.job("a")).crashes == 0


async def test_only_the_attempt_that_lived_is_acquitted(
    client: Client, workers: list[WorkerStore], settings: Settings, database: Database
) -> None:
    await client.enqueue("send", job_id="a")
    await outlive(workers[0], database)
    lease = await take_one(workers[1])
    with database.untouched():
        assert await end(workers[1], Acquit(Lease(0, "a", lease.token - 1))) == "REPEAT"
    assert (await client.job("a")).crashes == 1


async def test_a_job_that_was_buried_as_poison_lives_again_when_its_worker_does(
    client: Client, workers: list[WorkerStore], database: Database
) -> None:
    await client.enqueue("send", job_id="a", unique_key="u")
    first = await outlive(workers[0], database)
    await outlive(workers[1], database)
    assert (await workers[2].lock_and_pop(1)).buried == ["a"]
    assert await end(workers[0], Acquit(first)) == "DONE"
    job = await client.job("a")
    assert (job.status, job.crashes, job.dead_reason) == (JobStatus.PENDING, 1, None)
    assert (database.queued(), database.dead()) == (["a"], [])
    assert database.redis.get(keys.unique("u")) == b"a"
    assert await write(workers[3], "finish", await take_one(workers[3])) == "DONE"


async def test_a_buried_job_whose_unique_key_is_anothers_stays_dead(
    client: Client, workers: list[WorkerStore], database: Database
) -> None:
    await client.enqueue("send", job_id="a", unique_key="u")
    first = await outlive(workers[0], database)
    await outlive(workers[1], database)
    await workers[2].lock_and_pop(1)
    await client.enqueue("send", job_id="b", unique_key="u")
    assert await end(workers[0], Acquit(first)) == "DONE"
    assert (await client.job("a")).status is JobStatus.FAILED
    assert (database.queued(), database.dead()) == (["b"], ["a"])


async def test_a_requeued_job_owes_nothing_for_its_former_life(
    client: Client, workers: list[WorkerStore], database: Database
) -> None:
    await client.enqueue("send", job_id="a")
    first = await outlive(workers[0], database)
    await outlive(workers[1], database)
    await workers[2].lock_and_pop(1)
    await client.store.requeue(await client.job("a"), "default")
    assert await end(workers[0], Acquit(first)) == "REPEAT"
    assert (await client.job("a")).crashes == 0


async def test_a_repeated_claim_tells_what_it_has_lost(
    client: Client, store: WorkerStore, rival: WorkerStore, database: Database
) -> None:
    await client.enqueue("send", job_id="a")
    lease = await outlive(store, database)
    await rival.lock_and_pop(1)
    claim = await claim_again(store)
    assert (claim.jobs, claim.lost) == ([], [lease])


async def test_a_claim_under_way_is_renewed_with_the_rest(
    client: Client, store: WorkerStore, rival: WorkerStore, database: Database
) -> None:
    await client.enqueue("send", job_id="a")
    await outlive(store, database)
    store.unanswered_claim = True
    assert await store.refresh_locks([]) == []
    assert (await rival.lock_and_pop(1)).taken_back == []


async def test_a_repeated_claim_without_a_want_hands_everything_back(
    client: Client, store: WorkerStore, rival: WorkerStore
) -> None:
    for job_id in "ab":
        await client.enqueue("send", job_id=job_id)
    await take(store, 2)
    claim = await claim_again(store, 0)
    assert (claim.jobs, claim.returned) == ([], ["a", "b"])
    assert [lease.job_id for lease in await take(rival, 2)] == ["a", "b"]


# A whole worker


async def test_a_worker_that_stood_still_says_so_when_it_goes_on(
    redis: Redis, client: Client, rival: WorkerStore, settings: Settings, database: Database
) -> None:
    """Its locks ran out while it could not renew them, and a rival took its jobs."""
    clock, gate = ManualClock(), Gate()
    tap = Tap(redis, clock)
    for job_id in "abc":
        await client.enqueue("hold", job_id=job_id)
    async with running(tap, settings, {"hold": gate.handler}, clock=clock):
        await until(lambda: len(gate.began) == 3)
        tap.refuse["refresh_locks"] = RedisConnectionError("down")
        for job_id in "abc":
            database.expire_lock(job_id)
        await rival.lock_and_pop(3)
        assert [database.job(job_id)["crashes"] for job_id in "abc"] == ["1"] * 3
        for _ in range(40):
            await tap.advance(settings.lock_ttl_ms / 1000 / 20)
        await until(lambda: all(database.job(job_id)["crashes"] == "0" for job_id in "abc"))
    assert len(gate.cancelled) == 3


async def test_what_the_server_refuses_now_is_written_later_and_not_run_again(
    redis: Redis, client: Client, settings: Settings, database: Database
) -> None:
    """The worker may not write for many times the life of a lock, but its locks are renewed."""
    clock, gate = ManualClock(), Gate()
    tap = Tap(redis, clock)
    gate.opened.set()
    await client.enqueue("hold", job_id="a")
    tap.refuse["finish"] = NoPermissionError("this user has no permissions to run 'hset'")
    async with running(tap, settings, {"hold": gate.handler}, clock=clock):
        await until(lambda: tap.count("finish") >= 1)
        for _ in range(100):
            await tap.advance(settings.lock_ttl_ms / 1000 / 4)
            await asyncio.sleep(0)
        tap.refuse.clear()
        for _ in range(100):
            await tap.advance(0.02)
        await until(lambda: database.job("a")["status"] == "COMPLETED")
    assert gate.began == ["a"]


async def test_who_blocks_the_loop_is_charged_and_its_neighbours_are_not(
    redis: Redis, client: Client, settings: Settings, database: Database
) -> None:
    """Another worker takes the blocked worker's jobs back meanwhile, and keeps them."""
    settings = replace(settings, lock_ttl_ms=900, max_crashes=2, concurrency=5)
    runs: Counter[str] = Counter()
    numbers = count(1)

    async def neighbour(context: Context) -> None:
        runs[context.job_id] += 1
        if runs["blocker"] < 2:
            await asyncio.sleep(60)

    async def blocker(context: Context) -> None:
        runs[context.job_id] += 1
        await asyncio.sleep(0)
        time.sleep(1)  # noqa: ASYNC251 - that is what it is for
        rob()

    def rob() -> None:
        """Act as another worker meanwhile."""
        names = [kind("default") for kind in (keys.queue, keys.locks, keys.dlq, keys.wake)]
        args = ["rival", next(numbers), 0, 0, 900, 2, 600, keys.JOB, keys.UNIQUE]
        call = scripts.LOCK_AND_POP.call([keys.claim("rival"), *names], args)
        database.redis.execute_command(*call)

    handlers = {"neighbour": neighbour, "blocker": blocker}
    for n in range(3):
        await client.enqueue("neighbour", job_id=f"{n}")
    async with running(redis, settings, handlers) as it:
        await until(lambda: runs.total() == 3)
        await client.enqueue("blocker", job_id="blocker")
        await until(lambda: database.job("blocker")["status"] == "FAILED")
        await until(lambda: all(database.job(f"{n}")["status"] == "COMPLETED" for n in range(3)))
        await until(lambda: all(database.job(f"{n}").get("crashes", "0") == "0" for n in range(3)))
        it.worker.drain()
        await it.left()
    job = await client.job("blocker")
    assert (job.dead_reason, job.crashes, runs["blocker"]) == ("poison", 2, 2)
