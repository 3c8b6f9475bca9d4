"""Drain: no new jobs start, running ones end or are handed back, and nothing is left half done."""

from __future__ import annotations

import asyncio
import json
import threading
from dataclasses import replace

import pytest
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError

from rrq_ref import keys
from rrq_ref.attempt import Context
from rrq_ref.client import Client
from rrq_ref.job import JobStatus
from rrq_ref.settings import Settings
from rrq_ref.store import WorkerStore

from .database import Database
from .moves import take_one
from .running import Gate, ManualClock, Tap, running, until


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def tap(redis: Redis, clock: ManualClock) -> Tap:
    return Tap(redis, clock)


@pytest.fixture
def gate() -> Gate:
    return Gate()


async def test_a_draining_worker_finishes_what_it_holds_and_starts_nothing_new(
    redis: Redis, client: Client, settings: Settings, database: Database, gate: Gate
) -> None:
    tap = Tap(redis)
    async with running(tap, settings, {"hold": gate.handler}) as it:
        await client.enqueue("hold", job_id="a")
        await until(lambda: gate.began == ["a"])
        it.worker.drain()
        claims = tap.count("lock_and_pop")
        await client.enqueue("hold", job_id="b")
        gate.opened.set()
        await it.left()
    assert (await client.job("a")).result == "done"
    assert (gate.began, database.queued()) == (["a"], ["b"])
    # The claim that stood behind a wait was asked for once more, to hand back what it took.
    assert tap.wants()[claims:] == [0]


async def test_locks_and_heartbeat_are_kept_alive_during_the_drain(
    tap: Tap, client: Client, settings: Settings, database: Database, gate: Gate,
    clock: ManualClock,
) -> None:  # fmt: skip
    settings = replace(settings, drain_timeout_s=100)
    await client.enqueue("hold", job_id="a")
    async with running(tap, settings, {"hold": gate.handler}, clock=clock) as it:
        await until(lambda: gate.began == ["a"])
        it.worker.drain()
        for renewals in range(1, 5):  # longer than the lock would live by itself
            beats = tap.count("SET")
            await tap.advance(20)
            await until(lambda n=renewals: tap.count("refresh_locks") >= n)  # type: ignore[misc]
            await until(lambda n=beats: tap.count("SET") > n)  # type: ignore[misc]
        health = json.loads(database.redis.get(keys.health("worker-1")))
        assert (health["status"], health["active_jobs"]) == ("draining", 1)
        gate.opened.set()
        await it.left()
    assert (await client.job("a")).status is JobStatus.COMPLETED


async def test_what_outlives_the_grace_period_may_clean_up_and_is_handed_back_uncounted(
    tap: Tap, client: Client, settings: Settings, database: Database, clock: ManualClock
) -> None:
    steps: list[str] = []

    async def tidy(_: Context) -> None:
        steps.append("began")
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0.002)
            steps.append("cleaned up")
            assert database.locked() == ["a"]  # its lock is its own until it has ended

    await client.enqueue("tidy", job_id="a")
    async with running(tap, settings, {"tidy": tidy}, clock=clock) as it:
        await until(lambda: steps == ["began"])
        it.worker.drain()
        await until(lambda: clock.awaited(settings.drain_timeout_s))
        await tap.advance(settings.drain_timeout_s - 1)
        assert (steps, database.queued()) == (["began"], [])
        await tap.advance(1)
        await it.left()
    assert steps == ["began", "cleaned up"]
    job = await client.job("a")
    assert (job.status, job.retries, job.crashes) == (JobStatus.PENDING, 0, 0)
    assert database.queued() == ["a"]


@pytest.mark.parametrize(
    ("end", "status"), [("returns", JobStatus.COMPLETED), ("raises", JobStatus.PENDING)]
)
async def test_how_a_handler_ends_when_it_is_told_to_stop_decides(
    redis: Redis, client: Client, settings: Settings, end: str, status: JobStatus
) -> None:
    """A success in its last moment counts; an error is not a failed run."""
    began = asyncio.Event()

    async def last_words(_: Context) -> str:
        began.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            if end == "raises":
                raise ValueError("while stopping") from None
        return "just in time"

    await client.enqueue("last_words", job_id="a")
    async with running(redis, settings, {"last_words": last_words}) as it:
        await until(began.is_set)
        it.worker.drain(hurry=True)
        await it.left()
    job = await client.job("a")
    assert (job.status, job.retries) == (status, 0)


async def test_a_second_request_skips_the_wait(
    tap: Tap, client: Client, settings: Settings, database: Database, gate: Gate,
    clock: ManualClock,
) -> None:  # fmt: skip
    await client.enqueue("hold", job_id="a")
    async with running(tap, settings, {"hold": gate.handler}, clock=clock) as it:
        await until(lambda: gate.began == ["a"])
        it.worker.drain()
        it.worker.drain(hurry=True)  # the clock stands still
        await it.left()
    assert len(gate.cancelled) == 1
    assert database.queued() == ["a"]


async def test_a_handler_that_refuses_to_stop_does_not_keep_the_worker(
    tap: Tap, client: Client, settings: Settings, database: Database, gate: Gate,
    clock: ManualClock, caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    """Its job is not handed back: it still runs. Its lock expires when the process is gone."""
    await client.enqueue("hold", job_id="a")
    async with running(tap, settings, {"hold": gate.resisting}, clock=clock) as it:
        await until(lambda: gate.began == ["a"])
        it.worker.drain(hurry=True)
        await until(lambda: clock.awaited(settings.cleanup_timeout_s))
        await tap.advance(settings.cleanup_timeout_s)
        await it.left()
    assert "refuses to stop" in caplog.text
    assert (database.queued(), database.locked()) == ([], ["a"])
    gate.opened.set()


async def test_a_plain_function_is_asked_to_stop_and_its_result_still_counts(
    redis: Redis, client: Client, settings: Settings
) -> None:
    began = threading.Event()

    def obliging(context: Context) -> str:
        began.set()
        while not context.stopping:
            threading.Event().wait(0.002)
        return "stopped"

    await client.enqueue("obliging", job_id="a")
    async with running(redis, settings, {"obliging": obliging}) as it:
        await until(began.is_set)
        it.worker.drain(hurry=True)
        await it.left()
    assert (await client.job("a")).result == "stopped"


async def test_a_claim_that_was_under_way_is_handed_back(
    tap: Tap, client: Client, settings: Settings, database: Database, gate: Gate,
    clock: ManualClock,
) -> None:  # fmt: skip
    """The drain begins between the claim's run on the server and its reply."""
    arrived, go_on = asyncio.Event(), asyncio.Event()

    async def dawdle() -> None:
        arrived.set()
        await go_on.wait()

    await client.enqueue("hold", job_id="a")
    tap.after["lock_and_pop"] = dawdle
    async with running(tap, settings, {"hold": gate.handler}, clock=clock) as it:
        await arrived.wait()
        it.worker.drain()
        go_on.set()
        await it.left()
    assert (gate.began, database.queued(), database.locked()) == ([], ["a"], [])


async def test_what_a_claim_took_whose_reply_was_lost_is_handed_back(
    tap: Tap, client: Client, settings: Settings, database: Database, gate: Gate,
    clock: ManualClock,
) -> None:  # fmt: skip
    await client.enqueue("hold", job_id="a")
    tap.lose["lock_and_pop"] = RedisConnectionError("reset")
    async with running(tap, settings, {"hold": gate.handler}, clock=clock) as it:
        await until(lambda: database.locked() == ["a"])
        it.worker.drain()
        await it.left()
    assert (gate.began, database.queued(), database.locked()) == ([], ["a"], [])
    assert (await client.job("a")).crashes == 0


async def test_a_claim_whose_reply_was_lost_is_asked_for_again(
    redis: Redis, client: Client, settings: Settings, gate: Gate
) -> None:
    tap = Tap(redis)
    await client.enqueue("hold", job_id="a")
    tap.lose["lock_and_pop"] = RedisConnectionError("reset")
    gate.opened.set()
    async with running(tap, settings, {"hold": gate.handler}, burst=True) as it:
        await it.left()
    assert [(context.job_id, context.token) for context in gate.contexts] == [("a", 1)]


async def test_an_idle_worker_leaves_at_once_and_takes_its_health_key_along(
    redis: Redis, settings: Settings, database: Database
) -> None:
    """It was blocked in a wait of a minute."""
    settings = replace(settings, poll_min_ms=60_000, poll_max_ms=60_000)
    tap = Tap(redis)
    async with running(tap, settings, {}) as it:
        await until(lambda: tap.count("BLPOP") == 1)
        await until(lambda: database.redis.exists(keys.health("worker-1")))
        it.worker.drain()
        await it.left()
    assert not database.redis.exists(keys.health("worker-1"))


async def test_a_worker_whose_task_is_cancelled_hands_its_jobs_back_first(
    redis: Redis, client: Client, settings: Settings, database: Database, gate: Gate
) -> None:
    await client.enqueue("hold", job_id="a")
    async with running(redis, settings, {"hold": gate.handler}) as it:
        await until(lambda: gate.began == ["a"])
        it.task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await it.left()
    assert database.queued() == ["a"]


async def test_a_worker_that_breaks_hands_its_jobs_back_and_says_so(
    tap: Tap, client: Client, settings: Settings, database: Database, gate: Gate,
    clock: ManualClock,
) -> None:  # fmt: skip
    """One of its own services fails: better to leave and be restarted than to be half alive."""
    await client.enqueue("hold", job_id="a")
    tap.refuse["refresh_locks"] = AssertionError("a bug")
    async with running(tap, settings, {"hold": gate.handler}, clock=clock) as it:
        await until(lambda: gate.began == ["a"])
        await tap.advance(20)
        with pytest.raises(AssertionError, match="a bug"):
            await it.left()
    assert database.queued() == ["a"]


async def test_after_a_drain_another_worker_goes_on_at_once(
    redis: Redis, client: Client, settings: Settings, gate: Gate, rival: WorkerStore
) -> None:
    await client.enqueue("hold", job_id="a")
    async with running(redis, settings, {"hold": gate.handler}) as it:
        await until(lambda: gate.began == ["a"])
        it.worker.drain(hurry=True)
        await it.left()
        assert (await take_one(rival)).token == 2
