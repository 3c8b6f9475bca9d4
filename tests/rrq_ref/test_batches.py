"""Large jobs: bounded batches, and results that the server does not take."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from redis import Redis as PlainRedis
from redis.asyncio import Redis

from rrq_ref.client import Client
from rrq_ref.errors import InvalidJob
from rrq_ref.job import NewJob
from rrq_ref.settings import Settings
from rrq_ref.store import Store, WorkerStore

from .database import Database
from .moves import take
from .running import Gate, Tap, running, until

BULK = "proto-max-bulk-len"


@pytest.fixture
def small(settings: Settings) -> Settings:
    return replace(settings, batch_bytes=10_000)


async def test_a_claim_takes_what_fits_but_always_one(
    client: Client, redis: Redis, small: Settings
) -> None:
    store = WorkerStore(redis, small, "worker-1")
    for job_id, size in (("a", 6_000), ("b", 3_000), ("c", 3_000), ("d", 50_000), ("e", 10)):
        await client.enqueue("send", "x" * size, job_id=job_id)
    claims = [[lease.job_id for lease in await take(store, 9)] for _ in range(4)]
    assert claims == [["a", "b"], ["c"], ["d"], ["e"]]


async def test_what_does_not_fit_keeps_its_place_before_the_queues_behind(
    client: Client, redis: Redis, small: Settings
) -> None:
    store = WorkerStore(redis, replace(small, queues=("high", "low")), "worker-1")
    for job_id, size, queue in (("a", 6_000, "high"), ("b", 6_000, "high"), ("c", 1, "low")):
        await client.enqueue("send", "x" * size, job_id=job_id, queue=queue)
    assert [lease.job_id for lease in await take(store, 9)] == ["a"]
    assert [lease.job_id for lease in await take(store, 9)] == ["b", "c"]


async def test_outcomes_go_out_in_batches_of_bounded_size(
    redis: Redis, client: Client, small: Settings, database: Database
) -> None:
    tap, gate = Tap(redis), Gate()

    async def large(context: Any) -> str:
        await gate.handler(context)
        return "x" * 4_000

    for n in range(9):
        await client.enqueue("large", job_id=f"{n}")
    async with running(tap, small, {"large": large}):
        await until(lambda: len(gate.began) == 9)
        gate.opened.set()
        await until(lambda: database.locked() == [])
    sizes = [sum(len(str(word)) for word in words) for words in tap.sent("finish")]
    assert max(sizes) < 10_000 + 500
    assert len(sizes) >= 5


async def test_a_result_that_the_server_does_not_take_is_its_jobs_failure_alone(
    redis: Redis, client: Client, settings: Settings, admin: PlainRedis, database: Database
) -> None:
    """A server closes the connection at an argument beyond its limit, and says nothing."""
    gate = Gate()

    async def large(context: Any) -> str:
        await gate.handler(context)
        return "x" * 3_000_000

    await client.enqueue("large", job_id="large")
    for n in range(8):
        await client.enqueue("hold", job_id=f"{n}")
    before = admin.config_get(BULK)
    admin.config_set(BULK, 1_048_576)
    try:
        async with running(redis, settings, {"large": large, "hold": gate.handler}):
            await until(lambda: len(gate.began) == 9)
            gate.opened.set()
            await until(lambda: database.locked() == [])
    finally:
        admin.config_set(BULK, str(before[BULK]))
    assert len(gate.began) == 9  # each once
    job = await client.job("large")
    assert (job.dead_reason, job.crashes) == ("result", 0)
    assert "3000002 bytes that the server does not take" in (job.last_error or "")
    assert all(database.job(f"{n}")["status"] == "COMPLETED" for n in range(8))


async def test_jobs_are_enqueued_in_calls_of_bounded_size(
    redis: Redis, small: Settings, store: WorkerStore
) -> None:
    sizes = (4_000, 4_000, 4_000, 50_000, 4_000)
    new = [NewJob(function="send", args=["x" * size]) for size in sizes]
    calls: list[int] = []
    client = Client(small, redis=redis)

    class Counted(Store):
        async def enqueue(self, jobs: Any, first: int = 0) -> Any:
            calls.append(len(jobs))
            return await super().enqueue(jobs, first)

    client.store = Counted(redis, small)
    ids = await client.enqueue_many(new)
    assert calls == [2, 1, 1, 1]
    assert [lease.job_id for lease in await take(store, 9)] == ids


async def test_one_job_that_cannot_be_stored_keeps_the_whole_call_out(
    client: Client, database: Database
) -> None:
    new = [NewJob(function="send") for _ in range(300)]
    with pytest.raises(InvalidJob):
        await client.enqueue_many([*new, NewJob(function="")])
    assert database.queued() == []


# Order


async def test_jobs_of_one_call_are_claimed_in_its_order(
    client: Client, store: WorkerStore
) -> None:
    ids = await client.enqueue_many([NewJob(function="send") for _ in range(600)])
    assert [lease.job_id for lease in await take(store, 600)] == ids


async def test_jobs_enqueued_one_after_the_other_are_claimed_so(
    client: Client, store: WorkerStore
) -> None:
    ids = [(await client.enqueue("send")).id for _ in range(100)]
    assert [lease.job_id for lease in await take(store, 100)] == ids


async def test_jobs_of_one_call_that_are_due_at_once_keep_its_order(
    client: Client, store: WorkerStore, database: Database
) -> None:
    due = datetime.fromtimestamp(int(database.now_ms() / 1000) - 5, UTC)
    ids = await client.enqueue_many([NewJob(function="send", defer_until=due)] * 600)
    assert [lease.job_id for lease in await take(store, 600)] == ids
