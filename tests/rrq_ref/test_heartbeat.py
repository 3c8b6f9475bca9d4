"""The health key: RRQ's name and format. It lives as long as its worker, and decides nothing."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime

import pytest
from redis.asyncio import Redis

from rrq_ref import keys
from rrq_ref.client import Client
from rrq_ref.job import JobStatus
from rrq_ref.settings import Settings

from .database import Database
from .running import Gate, ManualClock, Tap, running, until

KEY = "rrq:health:worker:worker-1"


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def tap(redis: Redis, clock: ManualClock) -> Tap:
    return Tap(redis, clock)


async def test_the_report_reads_as_rrqs_own(
    tap: Tap, client: Client, settings: Settings, database: Database, clock: ManualClock
) -> None:
    gate = Gate()
    settings = replace(settings, concurrency=3, queues=("fast", "rrq:queue:slow"))
    await client.enqueue("hold", queue="slow")
    async with running(tap, settings, {"hold": gate.handler}, clock=clock):
        await until(lambda: gate.began)
        await tap.advance(settings.heartbeat_interval_ms / 1000)
        await until(lambda: tap.count("SET") == 2 and database.redis.exists(KEY))
        report = json.loads(database.redis.get(KEY))
        gate.opened.set()
    timestamp = datetime.fromisoformat(report.pop("timestamp"))
    assert timestamp.utcoffset() is not None
    report.pop("dropped_ids")  # ours
    assert report == {
        "worker_id": "worker-1",
        "status": "running",
        "active_jobs": 1,
        "concurrency_limit": 3,
        "queues": ["fast", "slow"],
    }


async def test_the_key_outlives_its_interval_by_the_slack_and_is_renewed(
    tap: Tap, settings: Settings, database: Database, clock: ManualClock
) -> None:
    settings = replace(settings, heartbeat_interval_ms=7_000, heartbeat_slack_ms=11_000)
    async with running(tap, settings, {}, clock=clock):
        for beats in range(1, 4):
            await until(lambda n=beats: tap.count("SET") == n)  # type: ignore[misc]
            await until(lambda: 17_000 < database.redis.pttl(KEY) <= 18_000)
            database.redis.pexpire(KEY, 5_000)
            await tap.advance(6.9)
            assert tap.count("SET") == beats
            await tap.advance(0.1)


async def test_a_key_that_vanishes_comes_back_and_no_job_is_lost(
    tap: Tap, client: Client, settings: Settings, database: Database, clock: ManualClock
) -> None:
    """It vanishes when a worker is suspended for longer than the TTL."""
    gate = Gate()
    await client.enqueue("hold", job_id="a")
    async with running(tap, settings, {"hold": gate.handler}, clock=clock):
        await until(lambda: gate.began and database.redis.exists(KEY))
        database.redis.delete(KEY)
        async with running(tap, settings, {"hold": gate.handler}, worker_id="2", clock=clock):
            await until(lambda: database.redis.exists(keys.health("2")))
            assert gate.began == ["a"]
        await tap.advance(settings.heartbeat_interval_ms / 1000)
        await until(lambda: database.redis.exists(KEY))
        gate.opened.set()
        await until(lambda: tap.count("finish") == 1)
    job = await client.job("a")
    assert (job.status, job.crashes, gate.began) == (JobStatus.COMPLETED, 0, ["a"])


async def test_dropped_ids_are_counted_in_the_report(
    tap: Tap, settings: Settings, database: Database, clock: ManualClock
) -> None:
    database.redis.zadd(keys.queue("default"), {"ghost-1": 1, "ghost-2": 1})
    async with running(tap, settings, {}, clock=clock):
        await until(lambda: not database.queued() and database.redis.exists(KEY))
        await tap.advance(settings.heartbeat_interval_ms / 1000)
        await until(lambda: json.loads(database.redis.get(KEY))["dropped_ids"] == 2)
