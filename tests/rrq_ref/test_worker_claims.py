"""A worker's claims: their times and sizes, the waits in between, and the end of a burst."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from random import Random
from typing import Any

import pytest
from redis.asyncio import Redis

from rrq_ref import keys
from rrq_ref.attempt import Context
from rrq_ref.client import Client
from rrq_ref.job import JobStatus, NewJob
from rrq_ref.settings import Settings
from rrq_ref.store import WorkerStore
from rrq_ref.trouble import Backoff

from .database import Database
from .moves import take_one
from .running import Gate, ManualClock, Tap, running, until, want_of


async def enqueue(client: Client, count: int, function: str = "hold") -> None:
    await client.enqueue_many([NewJob(function=function, job_id=f"j{n:02}") for n in range(count)])


# Capacity first, then claim


async def test_no_more_is_claimed_than_there_are_free_slots(
    redis: Redis, client: Client, settings: Settings, database: Database
) -> None:
    tap, settings = Tap(redis), replace(settings, concurrency=3)
    await enqueue(client, 30, "turn")
    busy, asked = 0, []

    async def turn(context: Context) -> None:
        nonlocal busy
        busy += 1
        for _ in range(int(context.job_id[1:]) % 3):
            await asyncio.sleep(0.002)
        busy -= 1

    async def look(words: tuple[Any, ...]) -> None:
        want = want_of(words)
        asked.append(want)
        assert busy + want <= 3
        # Those that have ended and are still to be written hold a lock, but no slot.
        assert len(database.locked()) + want <= 2 * 3

    tap.before["lock_and_pop"] = look
    async with running(tap, settings, {"turn": turn}, burst=True) as it:
        await it.left()
    assert database.queued() == []
    assert min(asked) > 0


@pytest.mark.parametrize(("slots", "claims"), [(100, [50, 50]), (40, [32, 8]), (8, [8])])
async def test_of_many_slots_a_claim_fills_half_which_runs_while_the_next_is_under_way(
    redis: Redis, client: Client, settings: Settings, slots: int, claims: list[int]
) -> None:
    tap, settings = Tap(redis), replace(settings, concurrency=slots)
    await enqueue(client, slots)
    began: list[str] = []
    asked: dict[int, int] = {}
    gate = asyncio.Event()

    async def hold(context: Context) -> None:
        began.append(context.job_id)
        await gate.wait()

    async def look(words: tuple[Any, ...]) -> None:
        _, number, want, *_ = words[3 + words[2] :]
        asked[number] = want  # again if the server did not know the script
        await until(lambda: len(began) == sum(asked.values()) - want)

    tap.before["lock_and_pop"] = look
    async with running(tap, settings, {"hold": hold}):
        await until(lambda: len(began) == slots)
        gate.set()
    assert [*asked.values()][: len(claims)] == claims


async def test_a_claimed_job_starts_before_the_worker_waits_for_the_next(
    redis: Redis, client: Client, settings: Settings
) -> None:
    tap, waits = Tap(redis), []

    async def note(_: Context) -> None:
        waits.append(tap.count("BLPOP"))

    await enqueue(client, 1, "note")
    async with running(tap, settings, {"note": note}):
        await until(lambda: waits and tap.count("BLPOP"))
    assert waits == [0]


async def test_a_full_worker_leaves_the_rest_for_others(
    redis: Redis, client: Client, settings: Settings, rival: WorkerStore
) -> None:
    gate, settings = Gate(), replace(settings, concurrency=2)
    await enqueue(client, 3)
    async with running(redis, settings, {"hold": gate.handler}):
        await until(lambda: len(gate.began) == 2)
        lease = await take_one(rival)
        assert lease.job_id == "j02"
        gate.opened.set()


async def test_a_thread_that_goes_on_after_its_time_out_keeps_its_slot(
    redis: Redis, client: Client, settings: Settings, database: Database
) -> None:
    clock = ManualClock()
    tap, settings = Tap(redis, clock), replace(settings, concurrency=1, lock_ttl_ms=10**9)
    go, ran = threading.Event(), []

    def stuck(context: Context) -> None:
        ran.append(context.job_id)
        go.wait(20)

    await enqueue(client, 2, "stuck")
    async with running(tap, settings, {"stuck": stuck}, clock=clock):
        await until(lambda: ran == ["j00"])
        await tap.advance(settings.job_timeout_s)
        await until(lambda: database.dead() == ["j00"])
        await tap.advance(5)  # more than a full worker waits before it looks again
        await until(lambda: tap.count("SET") > 1)
        assert (ran, database.queued()) == (["j00"], ["j01"])
        go.set()
        await until(lambda: database.job("j01")["status"] == "COMPLETED")
        assert ran == ["j00", "j01"]


# Waiting

#: Settings of a worker that polls once a minute.
A_MINUTE: dict[str, Any] = {"poll_min_ms": 60_000, "poll_max_ms": 60_000, "lock_ttl_ms": 600_000}


async def cycle(tap: Tap) -> float:
    """Let an idle worker wait once. Returns the seconds that it wanted to wait."""
    count = tap.count("BLPOP")
    wait_s = float(tap.sent("BLPOP")[-1][-1])
    await tap.advance(wait_s)
    await until(lambda: tap.count("BLPOP") > count)
    return wait_s


@pytest.mark.parametrize("seed", [1, 2])
async def test_an_idle_worker_polls_ever_more_seldom_and_never_in_step(
    redis: Redis, client: Client, settings: Settings, database: Database, seed: int
) -> None:
    """Counted over its own cycles: one claim and one blocking wait each, and nothing else."""
    clock = ManualClock()
    tap = Tap(redis, clock)
    settings = replace(settings, poll_min_ms=100, poll_max_ms=1600, heartbeat_interval_ms=10**9)
    async with running(tap, settings, {}, clock=clock, random=Random(seed)):
        await until(lambda: tap.count("BLPOP") == 1)
        database.redis.config_resetstat()
        waits = [await cycle(tap) for _ in range(8)]
        stats = {name: of["calls"] for name, of in database.redis.info("commandstats").items()}

        ceilings = [0.1, 0.2, 0.4, 0.8, 1.6, 1.6, 1.6, 1.6]
        assert all(top / 2 <= wait <= top for wait, top in zip(waits, ceilings, strict=True))
        assert len({wait / top for wait, top in zip(waits, ceilings, strict=True)}) == 8  # jitter
        expected = Backoff.polling(settings, Random(seed))
        assert waits == [round(expected.next(), 3) for _ in waits]  # and no other chance

        assert stats["cmdstat_evalsha"] == 8
        writes = ("set", "del", "zadd", "hset", "blpop", "script|load")
        assert {name: stats.get(f"cmdstat_{name}", 0) for name in writes} == {
            **dict.fromkeys(writes, 0), "del": 8,
        }  # fmt: skip

        await client.enqueue("none", job_id="a")
        await cycle(tap)
        await until(lambda: database.dead() == ["a"])
        assert float(tap.sent("BLPOP")[-1][-1]) <= 0.1  # there was work: it is keen again


async def test_two_idle_workers_do_not_poll_in_step(redis: Redis, settings: Settings) -> None:
    async def waits(seed: int) -> list[float]:
        clock = ManualClock()
        tap = Tap(redis, clock)
        async with running(tap, settings, {}, clock=clock, random=Random(seed)):
            await until(lambda: tap.count("BLPOP") == 1)
            return [await cycle(tap) for _ in range(5)]

    first, second = await waits(1), await waits(2)
    assert all(a != b for a, b in zip(first, second, strict=True))


async def test_an_idle_worker_starts_a_new_job_at_once(
    redis: Redis, client: Client, settings: Settings
) -> None:
    """The hint wakes it: its poll would come after a minute."""
    tap, gate = Tap(redis), Gate()
    gate.opened.set()
    settings = replace(settings, **A_MINUTE)
    async with running(tap, settings, {"hold": gate.handler}):
        await until(lambda: tap.count("BLPOP") == 1)
        await client.enqueue("hold", job_id="a")
        await until(lambda: gate.began == ["a"])


async def test_a_claim_behind_a_wait_takes_one_job_and_the_next_one_takes_the_rest(
    redis: Redis, client: Client, settings: Settings
) -> None:
    """A worker that stands still while it waits must not get many."""
    tap, gate = Tap(redis), Gate()
    async with running(tap, settings, {"hold": gate.handler}):
        await until(lambda: tap.count("BLPOP") == 1)
        await enqueue(client, 5)
        await until(lambda: len(gate.began) == 5)
        gate.opened.set()
    assert tap.wants()[:3] == [10, 1, 9]


async def test_the_wait_before_a_claim_is_short_beside_the_life_of_a_lock(
    redis: Redis, settings: Settings
) -> None:
    """It counts from before the wait."""
    clock = ManualClock()
    tap = Tap(redis, clock)
    settings = replace(settings, **A_MINUTE | {"lock_ttl_ms": 1000})
    async with running(tap, settings, {}, clock=clock):
        await until(lambda: tap.count("BLPOP") == 1)
        assert await cycle(tap) == 0.2


async def test_an_idle_worker_wakes_for_the_next_due_job(
    redis: Redis, client: Client, settings: Settings
) -> None:
    tap, gate = Tap(redis), Gate()
    gate.opened.set()
    settings = replace(settings, **A_MINUTE)
    await client.enqueue("hold", job_id="a", defer_by=timedelta(milliseconds=100))
    async with running(tap, settings, {"hold": gate.handler}):
        await until(lambda: gate.began == ["a"])
    assert float(tap.sent("BLPOP")[-1][-1]) <= 60


async def test_an_idle_worker_wakes_for_a_lock_that_expires(
    redis: Redis, client: Client, settings: Settings, store: WorkerStore, database: Database
) -> None:
    """The holder has died, and no hint will ever come."""
    gate = Gate()
    gate.opened.set()
    await client.enqueue("hold", job_id="a")
    await take_one(store)
    database.redis.zadd(keys.locks("default"), {"a": database.now_ms() + 100})
    settings = replace(settings, **A_MINUTE)
    async with running(redis, settings, {"hold": gate.handler}, worker_id="worker-2"):
        await until(lambda: gate.began == ["a"])


# Burst


async def test_a_burst_worker_leaves_when_nothing_is_left(
    redis: Redis, client: Client, settings: Settings, database: Database
) -> None:
    gate = Gate()
    gate.opened.set()
    await enqueue(client, 5)
    await client.enqueue("hold", job_id="later", defer_by=timedelta(milliseconds=100))
    async with running(redis, settings, {"hold": gate.handler}, burst=True) as it:
        await it.left()
    assert sorted(gate.began) == ["j00", "j01", "j02", "j03", "j04", "later"]
    assert database.queued() == database.locked() == []


async def test_a_burst_worker_stays_while_another_one_holds_a_job(
    redis: Redis, client: Client, settings: Settings, rival: WorkerStore, database: Database
) -> None:
    """The other one is killed. Who would do its job if all others had left?"""
    tap, gate = Tap(redis), Gate()
    gate.opened.set()
    await client.enqueue("hold", job_id="a")
    await take_one(rival)
    async with running(tap, settings, {"hold": gate.handler}, burst=True) as it:
        await until(lambda: tap.count("lock_and_pop") > 3 or it.task.done())
        assert not it.task.done()
        database.expire_lock("a")
        await it.left()
    assert gate.began == ["a"]
    assert (await client.job("a")).status is JobStatus.COMPLETED


async def test_a_burst_worker_waits_for_the_retry_of_its_own_job(
    redis: Redis, client: Client, settings: Settings
) -> None:
    settings = replace(settings, retry_base_s=0.05)
    runs = []

    async def fails_once(context: Context) -> None:
        runs.append(context.attempt)
        if context.attempt == 1:
            raise ValueError("no")

    await client.enqueue("fails_once", job_id="a")
    async with running(redis, settings, {"fails_once": fails_once}, burst=True) as it:
        await it.left()
    assert runs == [1, 2]


# The order of queues


async def test_queues_are_served_in_order_of_priority(
    redis: Redis, client: Client, settings: Settings
) -> None:
    order: list[tuple[str, str]] = []

    async def note(context: Context) -> None:
        order.append((context.queue, context.job_id))

    for n, queue in enumerate(["slow", "fast", "slow", "fast"]):
        await client.enqueue("note", job_id=str(n), queue=queue)
    settings = replace(settings, queues=("fast", "rrq:queue:slow"), concurrency=1)
    async with running(redis, settings, {"note": note}, burst=True) as it:
        await it.left()
    assert order == [("fast", "1"), ("fast", "3"), ("slow", "0"), ("slow", "2")]
    assert all(a <= b for a, b in pairwise(queue for queue, _ in order))
