"""Locks of running jobs: renewed for as long as a job runs, and let go of when they are lost."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import replace

import pytest
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError

from rrq_ref import keys
from rrq_ref.attempt import Context
from rrq_ref.client import Client
from rrq_ref.errors import LockLost
from rrq_ref.settings import Settings
from rrq_ref.store import WorkerStore

from .database import Database
from .moves import take_one, write
from .running import Gate, ManualClock, Tap, running, until

#: Of the fixture `settings`: locks live for a minute and are renewed every 20 s.
TTL_S, INTERVAL_S = 60, 20


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def tap(redis: Redis, clock: ManualClock) -> Tap:
    return Tap(redis, clock)


@pytest.fixture
def gate() -> Gate:
    return Gate()


async def test_a_long_job_keeps_its_lock_and_is_not_taken_by_another_worker(
    tap: Tap, client: Client, settings: Settings, database: Database, rival: WorkerStore,
    clock: ManualClock, gate: Gate,
) -> None:  # fmt: skip
    """The job lasts five TTLs. On the server a lever moves time on, by half a TTL each time."""
    settings = replace(settings, job_timeout_s=3600)
    await client.enqueue("hold", job_id="a", job_timeout_s=3600)
    async with running(tap, settings, {"hold": gate.handler}, clock=clock):
        await until(lambda: gate.began == ["a"])
        for renewals in range(1, 16):
            now = database.now_ms()
            database.redis.zadd(keys.locks("default"), {"a": now + 30_000})
            await tap.advance(INTERVAL_S)
            await until(lambda n=renewals: tap.count("refresh_locks") == n)  # type: ignore[misc]
            await until(lambda at=now: _expiry(database) >= at + TTL_S * 1000)  # type: ignore[misc]
            assert (await rival.lock_and_pop(1)).jobs == []
        gate.opened.set()
        await until(lambda: database.job("a")["status"] == "COMPLETED")
    assert len(gate.began) == 1


def _expiry(database: Database) -> float:
    return float(database.redis.zscore(keys.locks("default"), "a") or 0)


async def test_a_job_that_has_ended_keeps_its_lock_until_its_outcome_is_written(
    tap: Tap, client: Client, settings: Settings, database: Database, rival: WorkerStore,
    clock: ManualClock, gate: Gate,
) -> None:  # fmt: skip
    """The writes before it take longer than a TTL, as where each waits for a replica's disk."""
    written = asyncio.Event()

    async def wait(_: tuple[object, ...]) -> None:
        await written.wait()

    tap.before["finish"] = wait
    settings = replace(settings, command_timeout_ms=10 * TTL_S * 1000)
    await client.enqueue("hold", job_id="a")
    gate.opened.set()
    async with running(tap, settings, {"hold": gate.handler}, clock=clock):
        await until(lambda: tap.count("finish") == 1)
        for renewals in range(1, 6):
            now = database.now_ms()
            # Not expired: the worker's own next claim may come before the renewal.
            database.redis.zadd(keys.locks("default"), {"a": now + 30_000})
            clock.advance(INTERVAL_S)
            await until(lambda n=renewals: tap.count("refresh_locks") == n)  # type: ignore[misc]
            await until(lambda at=now: _expiry(database) >= at + TTL_S * 1000)  # type: ignore[misc]
            assert (await rival.lock_and_pop(1)).jobs == []
        written.set()
        await until(lambda: database.job("a")["status"] == "COMPLETED")
    assert gate.began == ["a"]


async def test_all_held_locks_are_renewed_in_one_call(
    tap: Tap, client: Client, settings: Settings, clock: ManualClock, gate: Gate
) -> None:
    for _ in range(5):
        await client.enqueue("hold")
    async with running(tap, settings, {"hold": gate.handler}, clock=clock):
        await until(lambda: len(gate.began) == 5)
        await tap.advance(INTERVAL_S)
        await until(lambda: tap.count("refresh_locks") == 1)
        assert len(tap.sent("refresh_locks")[0]) == 3 + 2 + 4 + 5 * 3
        gate.opened.set()


async def test_a_worker_without_jobs_renews_nothing(
    tap: Tap, settings: Settings, clock: ManualClock
) -> None:
    async with running(tap, settings, {}, clock=clock):
        for beats in range(1, 5):
            await until(lambda n=beats: tap.count("SET") >= n)  # type: ignore[misc]
            for _ in range(INTERVAL_S):
                await tap.advance(1.0)
    assert tap.count("refresh_locks") == 0


async def test_a_job_whose_lock_was_taken_over_is_cancelled_and_writes_nothing(
    tap: Tap, client: Client, settings: Settings, database: Database, rival: WorkerStore,
    clock: ManualClock, gate: Gate,
) -> None:  # fmt: skip
    await client.enqueue("hold", job_id="a")
    async with running(tap, settings, {"hold": gate.handler}, clock=clock):
        await until(lambda: gate.began == ["a"])
        database.expire_lock("a")
        lease = await take_one(rival)
        await tap.advance(INTERVAL_S)
        await until(lambda: gate.cancelled)
        assert gate.contexts[0].lost
        (reason,) = gate.cancelled[0].args
        assert isinstance(reason, LockLost)
        assert "attempt 1" in str(reason)
        with pytest.raises(LockLost):
            gate.contexts[0].check()
    assert tap.count("finish") == tap.count("retry") == tap.count("release") == 0
    assert await write(rival, "finish", lease) == "DONE"


@pytest.mark.parametrize("failing", ["refuses", "hangs"])
async def test_a_worker_that_cannot_renew_gives_its_jobs_up_when_their_locks_may_expire(
    tap: Tap, client: Client, settings: Settings, clock: ManualClock, gate: Gate, failing: str
) -> None:
    """Self-fencing: no server can tell it, so its own monotonic clock has to."""
    settings = replace(settings, command_timeout_ms=10**9)

    async def slow() -> None:
        clock.advance(5)

    await client.enqueue("hold", job_id="a")
    async with running(tap, settings, {"hold": gate.handler}, clock=clock):
        await until(lambda: gate.began == ["a"])
        # One more renewal works; its reply takes 5 s, which the lock's life is not longer for.
        tap.after["refresh_locks"] = slow
        await tap.advance(INTERVAL_S)
        await until(lambda: clock.awaited(INTERVAL_S))
        if failing == "refuses":
            tap.refuse["refresh_locks"] = RedisConnectionError("down")
        else:
            tap.instead["refresh_locks"] = lambda _: asyncio.Event().wait()
        for _ in range(int((TTL_S - 5) / 0.5) - 1):
            await tap.advance(0.5)
        assert tap.count("refresh_locks") >= 2
        assert (gate.cancelled, gate.contexts[0].lost) == ([], False)
        await tap.advance(0.5)
        await until(lambda: gate.cancelled)
        assert gate.contexts[0].lost
        assert isinstance(gate.cancelled[0].args[0], LockLost)
    assert tap.count("finish") == tap.count("release") == 0


async def test_a_renewal_that_failed_is_tried_again_soon_and_nothing_is_lost(
    tap: Tap, client: Client, settings: Settings, clock: ManualClock, gate: Gate
) -> None:
    """The server was away from the 20th to the 59th second of a lock's sixty."""
    await client.enqueue("hold", job_id="a")
    async with running(tap, settings, {"hold": gate.handler}, clock=clock):
        await until(lambda: gate.began == ["a"])
        tap.refuse["refresh_locks"] = RedisConnectionError("down")
        await tap.advance(INTERVAL_S)
        await until(lambda: tap.count("refresh_locks") == 1)
        for seconds in range(21, 60):
            count = tap.count("refresh_locks")
            await tap.advance(1)
            await until(lambda n=count: tap.count("refresh_locks") > n)  # type: ignore[misc]
            assert tap.count("refresh_locks") - count <= 2, f"no back-off in second {seconds}"
        del tap.refuse["refresh_locks"]
        count = tap.count("refresh_locks")
        await tap.advance(0.5)
        await until(lambda: tap.count("refresh_locks") > count)
        await tap.advance(10)
        gate.opened.set()
        await until(lambda: tap.count("finish") == 1)
    assert gate.cancelled == []


async def test_a_plain_function_can_look_whether_its_lock_is_lost(
    tap: Tap, client: Client, settings: Settings, database: Database, rival: WorkerStore,
    clock: ManualClock,
) -> None:  # fmt: skip
    began, raised = threading.Event(), threading.Event()

    def patient(context: Context) -> None:
        began.set()
        try:
            while not raised.wait(0.002):
                context.check()
        except LockLost:
            raised.set()
            raise

    await client.enqueue("patient", job_id="a")
    async with running(tap, settings, {"patient": patient}, clock=clock):
        await until(began.is_set)
        database.expire_lock("a")
        lease = await take_one(rival)
        await tap.advance(INTERVAL_S)
        await until(raised.is_set)
    assert await write(rival, "finish", lease) == "DONE"


async def test_a_handler_that_ignores_the_loss_commits_nothing(
    tap: Tap, client: Client, settings: Settings, database: Database, rival: WorkerStore,
    clock: ManualClock, gate: Gate,
) -> None:  # fmt: skip
    await client.enqueue("hold", job_id="a")
    async with running(tap, settings, {"hold": gate.resisting}, clock=clock):
        await until(lambda: gate.began == ["a"])
        database.expire_lock("a")
        lease = await take_one(rival)
        await tap.advance(INTERVAL_S)
        await until(lambda: gate.cancelled)
        gate.opened.set()
    assert tap.count("finish") == 0
    assert await write(rival, "finish", lease) == "DONE"


async def test_a_result_that_comes_after_the_lock_was_taken_over_is_refused(
    tap: Tap, client: Client, settings: Settings, database: Database, rival: WorkerStore,
    gate: Gate, caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    await client.enqueue("hold", job_id="a")
    async with running(tap, settings, {"hold": gate.handler}):
        await until(lambda: gate.began == ["a"])
        database.expire_lock("a")
        lease = await take_one(rival)
        gate.opened.set()
        await until(lambda: "SUPERSEDED" in caplog.text)
    assert await write(rival, "finish", lease) == "DONE"
    assert database.job("a")["result"] == '"done"'


async def test_a_worker_that_stood_still_since_its_claim_does_not_start_the_job(
    tap: Tap, client: Client, settings: Settings, clock: ManualClock, gate: Gate
) -> None:
    async def stand_still() -> None:
        del tap.after["lock_and_pop"]
        clock.advance(TTL_S + 1)

    await client.enqueue("hold")
    tap.after["lock_and_pop"] = stand_still
    settings = replace(settings, command_timeout_ms=3_600_000)
    async with running(tap, settings, {"hold": gate.handler}, clock=clock):
        await until(lambda: tap.count("BLPOP") > 0)
        assert gate.began == []
