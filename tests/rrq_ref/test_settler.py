"""Writing outcomes: together, again when a reply was lost, and each one's answer to its own job."""

from __future__ import annotations

from dataclasses import replace

import pytest
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError

from rrq_ref.attempt import Context
from rrq_ref.client import Client
from rrq_ref.errors import RetryJob
from rrq_ref.job import NewJob
from rrq_ref.settings import Settings

from .conftest import Leaks
from .database import Database
from .running import Gate, Tap, running, until


async def test_a_hundred_jobs_that_end_together_cost_one_round_trip(
    redis: Redis, client: Client, settings: Settings, database: Database
) -> None:
    tap, gate = Tap(redis), Gate()
    await client.enqueue_many([NewJob(function="hold") for _ in range(100)])
    async with running(tap, replace(settings, concurrency=100), {"hold": gate.handler}):
        await until(lambda: len(gate.began) == 100)
        gate.opened.set()
        await until(lambda: not database.locked())
    assert tap.count("finish") == 1


async def test_what_ends_together_in_different_ways_is_told_apart(
    redis: Redis, client: Client, settings: Settings, database: Database, leaks: Leaks
) -> None:
    leaks.allow("text")
    database.redis.set("text", "no number")
    gate = Gate()

    async def various(context: Context, how: str) -> object:
        await gate.handler(context)
        if how == "again":
            raise RetryJob(delay_s=60)
        if how == "effect":
            context.effect("INCR", "text")
        return {1} if how == "no json" else how

    for how in ("fine", "again", "effect", "no json", "also fine"):
        await client.enqueue("various", how, job_id=how)
    async with running(redis, settings, {"various": various}):
        await until(lambda: len(gate.began) == 5)
        gate.opened.set()
        await until(lambda: not database.locked())
    assert {job_id: database.job(job_id)["status"] for job_id in gate.began} == {
        "fine": "COMPLETED", "again": "RETRYING", "effect": "FAILED", "no json": "FAILED",
        "also fine": "COMPLETED",
    }  # fmt: skip
    assert {database.job(job_id)["dead_reason"] for job_id in database.dead()} == {
        "effect", "result",
    }  # fmt: skip


@pytest.mark.parametrize("script", ["finish", "retry", "bury", "release"])
async def test_an_outcome_whose_reply_was_lost_is_written_again_and_counts_once(
    redis: Redis, client: Client, settings: Settings, database: Database, leaks: Leaks, script: str,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    leaks.allow("count")
    tap, gate = Tap(redis), Gate()
    tap.lose[script] = RedisConnectionError("reset")

    async def end(context: Context) -> object:
        await gate.handler(context)
        context.effect("INCR", "count")
        if script == "retry":
            raise RetryJob(delay_s=60)
        return {1} if script == "bury" else None

    await client.enqueue("end", job_id="a")
    async with running(tap, settings, {"end": end}) as it:
        await until(lambda: gate.began)
        if script == "release":
            it.worker.drain(hurry=True)
        else:
            gate.opened.set()
        await until(lambda: tap.count(script) == 2)
    assert "refused" not in caplog.text
    assert database.redis.get("count") == (b"1" if script == "finish" else None)
    assert database.job("a")["current_retries"] == ("1" if script == "retry" else "0")
    assert database.dead() == (["a"] if script == "bury" else [])
