"""The arguments of handlers, and the fate of a job however its handler ends."""

from __future__ import annotations

import asyncio
import functools
import threading
from dataclasses import replace
from typing import Any

import pytest
from redis.asyncio import Redis

from rrq_ref import keys
from rrq_ref.attempt import Context
from rrq_ref.client import Client
from rrq_ref.errors import InvalidJob, RetryJob
from rrq_ref.job import Job, JobStatus
from rrq_ref.settings import Settings

from .conftest import Leaks, Run
from .database import Database
from .running import ManualClock, Tap, running, until

# What a handler is given


async def test_a_handler_gets_its_arguments_and_its_context(run: Run) -> None:
    seen: list[Any] = []

    async def handler(context: Context, *args: Any, **kwargs: Any) -> dict[str, list[int]]:
        seen.append((args, kwargs, threading.current_thread() is threading.main_thread()))
        seen.append((context.job_id, context.attempt, context.token))
        seen.append((context.worker_id, context.queue, context.lost))
        return {"sizes": [1, 2]}

    job = await run(handler, "ada", 2, kwargs={"deep": {"n": [None]}})
    assert seen == [
        (("ada", 2), {"deep": {"n": [None]}}, True),
        ("a", 1, 1),
        ("worker-1", "default", False),
    ]
    assert (job.status, job.result, job.retries) == (JobStatus.COMPLETED, {"sizes": [1, 2]}, 0)
    assert job.completion_time is not None


async def test_a_plain_function_runs_in_a_thread_and_leaves_the_loop_free(run: Run) -> None:
    loop = asyncio.get_running_loop()
    threads = []

    def handler(context: Context, n: int) -> int:
        threads.append(threading.current_thread().name)
        asyncio.run_coroutine_threadsafe(asyncio.sleep(0), loop).result(10)  # it answers meanwhile
        return n + 1

    job = await run(handler, 41)
    assert (job.status, job.result) == (JobStatus.COMPLETED, 42)
    assert threads[0].startswith("rrq-handler")


async def test_plain_functions_run_beside_each_other(
    redis: Redis, client: Client, settings: Settings, database: Database
) -> None:
    """There is a thread for each slot: none waits for another's."""
    settings = replace(settings, concurrency=4)
    all_there = threading.Barrier(4, timeout=10)
    for _ in range(4):
        await client.enqueue("meet", max_retries=1)
    async with running(redis, settings, {"meet": lambda _: all_there.wait()}, burst=True) as it:
        await it.left()
    assert database.dead() == []


async def test_a_wrapped_coroutine_function_is_awaited(run: Run) -> None:
    async def handler(_: Context, *, n: int) -> int:
        return n

    assert (await run(functools.partial(handler, n=3))).result == 3


# Ends that are final


async def test_an_object_with_a_coroutine_method_call_is_awaited(run: Run) -> None:
    class Handles:
        async def __call__(self, context: Context) -> str:
            return "done"

    assert (await run(Handles())).result == "done"


async def test_a_result_that_is_no_json_fails_the_job_and_says_why(run: Run) -> None:
    job = await run(lambda _: {1, 2}, max_retries=5)
    assert (job.status, job.dead_reason) == (JobStatus.FAILED, "result")
    assert "the result cannot be written as JSON" in str(job.last_error)
    assert "set" in str(job.last_error)


async def test_a_function_that_nobody_handles_is_dead_lettered(
    redis: Redis, client: Client, settings: Settings, database: Database
) -> None:
    await client.enqueue("other", job_id="a")
    async with running(redis, settings, {}):
        await until(lambda: database.dead() == ["a"])
    job = await client.job("a")
    assert (job.dead_reason, job.last_error) == ("unknown-handler", "no handler is named 'other'")


@pytest.mark.parametrize("ending", ["in time", "swallowed", "own exception"])
async def test_a_job_that_takes_too_long_is_dead_lettered(
    redis: Redis, client: Client, settings: Settings, database: Database, ending: str
) -> None:
    clock, began, cleaned = ManualClock(), asyncio.Event(), []
    tap = Tap(redis, clock)

    async def slow(_: Context) -> str:
        began.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            await asyncio.sleep(0)
            cleaned.append(True)
            if ending == "own exception":
                raise ValueError("while cleaning up") from None
            if ending == "in time":
                raise
        return "late"

    await client.enqueue("slow", job_id="a", job_timeout_s=7)
    async with running(tap, settings, {"slow": slow}, clock=clock):
        await until(began.is_set)
        await tap.advance(6.9)
        assert database.locked() == ["a"]
        await tap.advance(0.2)
        await until(lambda: database.dead() == ["a"])
    job = await client.job("a")
    assert (job.dead_reason, job.last_error) == ("timeout", "still running after 7 s")
    assert cleaned == [True]


async def test_each_job_has_its_own_time(
    client: Client, redis: Redis, settings: Settings, database: Database
) -> None:
    clock = ManualClock()
    tap = Tap(redis, clock)
    began: set[str] = set()

    async def slow(context: Context) -> None:
        began.add(context.job_id)
        await asyncio.Event().wait()

    async def quick(_: Context) -> None: ...

    for job_id, timeout_s in (("long", 9), ("short", 3), ("longer", 20)):
        await client.enqueue("slow", job_id=job_id, job_timeout_s=timeout_s)
    await client.enqueue("quick", job_id="ended before", job_timeout_s=2)
    async with running(tap, settings, {"slow": slow, "quick": quick}, clock=clock):
        await until(lambda: len(began) == 3 and len(database.locked()) == 3)
        await tap.advance(3.1)
        await until(lambda: set(database.dead()) == {"short"})
        await tap.advance(6)
        await until(lambda: set(database.dead()) == {"short", "long"})
        assert database.locked() == ["longer"]
        await tap.advance(11)
        await until(lambda: set(database.dead()) == {"short", "long", "longer"})
    assert (await client.job("ended before")).status == JobStatus.COMPLETED


@pytest.mark.parametrize(
    ("field", "value"),
    [("job_args", "[1"), ("job_args", '{"a": 1}'), ("job_kwargs", "[]"), ("job_args", "\xff")],
)
async def test_arguments_that_cannot_be_read_are_dead_lettered(
    redis: Redis, client: Client, settings: Settings, database: Database, field: str, value: str
) -> None:
    await client.enqueue("handler", job_id="a")
    database.redis.hset(keys.job("a"), field, value.encode("latin-1"))
    async with running(redis, settings, {"handler": lambda _: None}):
        await until(lambda: database.dead() == ["a"])
    assert database.job("a")["dead_reason"] == "unreadable"


# Ends that are tried again


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (ValueError("no"), "ValueError: no"),
        (TimeoutError("mine"), "TimeoutError: mine"),  # the handler's own, not the job's
        (asyncio.CancelledError(), "CancelledError: "),
        (SystemExit(3), "SystemExit: 3"),
        (KeyboardInterrupt(), "KeyboardInterrupt: "),
        (OSError("no file \udcff"), "OSError: no file \\udcff"),  # as os.fsdecode makes them
    ],
)
async def test_whatever_a_handler_raises_is_one_failed_run(
    run: Run, error: BaseException, says: str
) -> None:
    async def handler(_: Context) -> None:
        raise error

    job = await run(handler, max_retries=2)
    assert (job.status, job.retries, job.last_error) == (JobStatus.RETRYING, 1, says)


async def test_an_exception_without_a_text_is_one_failed_run(run: Run) -> None:
    class Mute(Exception):
        def __str__(self) -> str:
            raise RuntimeError

    async def handler(_: Context) -> None:
        raise Mute

    job = await run(handler, max_retries=2)
    assert (job.status, job.retries) == (JobStatus.RETRYING, 1)
    assert job.last_error == "Mute"


async def test_failed_runs_back_off_exponentially_with_jitter(
    run: Run, database: Database, settings: Settings
) -> None:
    async def handler(_: Context) -> None:
        raise ValueError("no")

    delays = []
    for n in range(4):
        before = database.now_ms()
        await (run(handler, max_retries=5) if n == 0 else run.again(handler))  # type: ignore[attr-defined]
        after = database.now_ms()
        due = database.redis.zscore(keys.queue("default"), "a")
        delay_ms = 5_000 * 2**n * 0.9  # a jitter of 0.2, and chance says one half
        assert before + delay_ms <= due <= after + delay_ms
        delays.append(delay_ms)
    job: Job = await run.again(handler)  # type: ignore[attr-defined]
    assert (job.status, job.dead_reason, job.retries) == (JobStatus.FAILED, "retries", 5)


@pytest.mark.parametrize(
    ("failed_runs", "jitter", "expected_ms"),
    [(1, 0, 5_000), (2, 0, 10_000), (1, 1, 4_000), (11, 0, 3_600_000), (10_000, 1, 2_880_000)],
)
def test_the_back_off_is_capped_and_jittered(
    failed_runs: int, jitter: float, expected_ms: int
) -> None:
    assert Settings().retry_delay_ms(failed_runs, jitter) == expected_ms


@pytest.mark.parametrize("delay_s", [0.25, 7_200.0])
async def test_retry_job_chooses_its_own_delay(
    run: Run, database: Database, delay_s: float
) -> None:
    async def handler(_: Context) -> None:
        raise RetryJob("not yet", delay_s=delay_s)

    before = database.now_ms()
    if delay_s > 1:
        job = await run(handler, max_retries=3)
        assert (job.status, job.retries, job.last_error) == (
            JobStatus.RETRYING, 1, "RetryJob: not yet",
        )  # fmt: skip
        due = database.redis.zscore(keys.queue("default"), "a")
        assert before + delay_s * 1000 <= due <= database.now_ms() + delay_s * 1000
    else:  # it is run that often in the same worker, then it is dead
        attempts = []

        async def noted(context: Context) -> None:
            attempts.append((context.attempt, context.token))
            raise RetryJob(delay_s=0)

        job = await run(noted, max_retries=3)
        assert attempts == [(1, 1), (2, 2), (3, 3)]
        assert (job.status, job.dead_reason) == (JobStatus.FAILED, "retries")


# Effects


async def test_effects_are_applied_with_the_completion_and_only_then(
    run: Run, database: Database, leaks: Leaks
) -> None:
    leaks.allow("balance")

    async def handler(context: Context) -> None:
        context.effect("INCRBY", "balance", 10)
        context.effect("INCRBYFLOAT", "balance", 0.5)
        assert not database.redis.exists("balance")
        if context.attempt == 1:
            raise RetryJob(delay_s=0)

    job = await run(handler, max_retries=2)
    assert (job.status, job.retries) == (JobStatus.COMPLETED, 1)
    assert database.redis.get("balance") == b"10.5"


async def test_an_effect_that_the_server_refuses_fails_the_job(
    run: Run, database: Database, leaks: Leaks
) -> None:
    leaks.allow("text")
    database.redis.set("text", "no number")

    async def handler(context: Context) -> None:
        context.effect("INCR", "text")

    job = await run(handler)
    assert (job.status, job.dead_reason) == (JobStatus.FAILED, "effect")
    assert "INCR" in str(job.last_error)


@pytest.mark.parametrize("words", [("INCR",), ("SET", "k", "\udcff")], ids=["short", "no UTF-8"])
async def test_an_effect_that_cannot_be_written_fails_in_the_handler(
    run: Run, words: tuple[str, ...]
) -> None:
    async def handler(context: Context) -> str:
        with pytest.raises(InvalidJob, match="effect"):
            context.effect(*words)
        return "refused"

    assert (await run(handler)).result == "refused"
