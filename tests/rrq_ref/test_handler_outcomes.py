"""One attempt, one outcome: whatever a handler raises, however odd, its job is not stuck."""

from __future__ import annotations

import asyncio
import math
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from decimal import Decimal
from typing import Any

import pytest
from redis.asyncio import Redis

from rrq_ref import attempt
from rrq_ref.attempt import Context
from rrq_ref.client import Client
from rrq_ref.errors import LONGEST_DELAY_S, RetryJob
from rrq_ref.job import JobStatus
from rrq_ref.settings import Settings
from rrq_ref.transitions import Claimed

from .conftest import Run
from .database import Database
from .running import ManualClock, Tap, running, until


class Mute(Exception):
    def __str__(self) -> str:
        raise SystemExit


class NoText(Exception):
    def __str__(self) -> Any:
        return 3


class Endless(Exception):
    def __str__(self) -> str:
        return str(self)


class Huge(Exception):
    def __str__(self) -> str:
        return "x" * 10_000_000


class Masked(Exception):
    """An exception that raises when asked for its class, its traceback, its notes or its cause."""

    @property
    def __class__(self) -> Any:
        raise KeyboardInterrupt

    @__class__.setter
    def __class__(self, _: Any) -> None: ...

    __traceback__ = __notes__ = __cause__ = property(lambda _: sys.exit())


class Nameless(type):
    @property
    def __name__(self) -> str:  # type: ignore[override]
        raise SystemExit

    __module__ = __name__


Odd: Any = Nameless("Odd", (Exception,), {})


def chained(depth: int) -> BaseException:
    error: BaseException = ValueError("first")
    for n in range(depth):
        later = ValueError(n)
        later.__cause__ = error
        error = later
    return error


def nested(depth: int) -> BaseExceptionGroup[Any]:
    error: BaseExceptionGroup[Any] = BaseExceptionGroup("innermost", [KeyboardInterrupt()])
    for n in range(depth):
        error = BaseExceptionGroup(str(n), [error])
    return error


#: (what makes it, how the stored error begins)
RAISED: list[tuple[Callable[[], BaseException], str]] = [
    (lambda: StopIteration(3), "StopIteration"),
    (lambda: StopAsyncIteration(3), "StopAsyncIteration"),
    (lambda: GeneratorExit(), "GeneratorExit"),
    (lambda: KeyboardInterrupt(), "KeyboardInterrupt"),
    (lambda: SystemExit(0), "SystemExit"),
    (lambda: asyncio.CancelledError("mine"), "CancelledError: mine"),
    (lambda: TimeoutError("mine"), "TimeoutError: mine"),
    (lambda: asyncio.InvalidStateError(), "InvalidStateError"),
    (lambda: MemoryError(), "MemoryError"),
    (lambda: RecursionError("deep"), "RecursionError: deep"),
    (lambda: BaseExceptionGroup("two", [SystemExit(), ValueError()]), "BaseExceptionGroup: two"),
    (lambda: nested(50), "BaseExceptionGroup: 49"),
    (lambda: chained(5_000), "ValueError: 4999"),
    (Mute, "Mute"),
    (NoText, "NoText"),
    (Endless, "Endless"),
    (Huge, "Huge: xxx"),
    (Masked, "Masked"),
    (lambda: Odd("it"), "Odd: it"),
    (lambda: OSError("no \udcff"), "OSError: no \\udcff"),
]
IDS = [says.partition(":")[0] for _, says in RAISED]


@pytest.mark.parametrize("plain", [False, True], ids=["async", "plain"])
@pytest.mark.parametrize(("make", "says"), RAISED, ids=IDS)
async def test_whatever_is_raised_is_one_failed_run_and_the_worker_goes_on(
    redis: Redis,
    client: Client,
    settings: Settings,
    database: Database,
    make: Callable[[], BaseException],
    says: str,
    plain: bool,
) -> None:
    def raises(_: Context) -> None:
        raise make()

    async def async_raises(_: Context) -> None:
        raise make()

    handlers = {"bad": raises if plain else async_raises, "good": lambda _: "done"}
    await client.enqueue("bad", job_id="a", max_retries=2)
    async with running(redis, settings, handlers):
        await until(lambda: is_(database, "a", JobStatus.RETRYING))
        await client.enqueue("good", job_id="b")
        await until(lambda: is_(database, "b", JobStatus.COMPLETED))
    job = await client.job("a")
    assert job.retries == 1
    if says == "StopIteration" and not plain:
        says = "RuntimeError: coroutine raised StopIteration"  # Python's own doing
    assert str(job.last_error).startswith(says)
    assert len(str(job.last_error)) <= 2_000


def is_(database: Database, job_id: str, status: JobStatus) -> bool:
    return bool(database.job(job_id)["status"] == status)


# RetryJob


class OwnDelay(RetryJob):
    """Does not call RetryJob's `__init__`."""

    def __init__(self, delay_s: Any) -> None:
        Exception.__init__(self, "own")
        if delay_s is not None:
            self.delay_s = delay_s


class Property(RetryJob):
    def __init__(self) -> None:
        Exception.__init__(self, "own")

    delay_s = property(lambda _: sys.exit(3))


def changed(delay_s: Any) -> RetryJob:
    error = RetryJob("own", delay_s=1)
    error.delay_s = delay_s
    return error


BAD_DELAYS = [
    math.nan, math.inf, -math.inf, -1, -1e-9, 1e300, 10**400, LONGEST_DELAY_S + 1, "5", b"5", [5],
    Decimal(5), 5j, object(),
]  # fmt: skip


@pytest.mark.parametrize("delay_s", BAD_DELAYS, ids=lambda value: repr(value)[:12])
def test_a_delay_that_is_none_is_refused_when_it_is_made(delay_s: Any) -> None:
    with pytest.raises(ValueError, match="delay_s is ") as caught:
        RetryJob(delay_s=delay_s)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize("delay_s", BAD_DELAYS, ids=lambda value: repr(value)[:12])
@pytest.mark.parametrize("make", [changed, OwnDelay], ids=["changed", "subclass"])
async def test_a_delay_that_is_none_takes_the_back_off_and_says_so(
    run: Run, database: Database, make: Callable[[Any], RetryJob], delay_s: Any
) -> None:
    async def handler(_: Context) -> None:
        raise make(delay_s)

    await usual_back_off(run, database, handler, "(ValueError: delay_s is ")


async def test_a_delay_that_raises_takes_the_back_off(run: Run, database: Database) -> None:
    async def handler(_: Context) -> None:
        raise Property

    await usual_back_off(run, database, handler, "Property: own (SystemExit: 3)")


async def usual_back_off(run: Run, database: Database, handler: Any, says: str) -> None:
    before = database.now_ms()
    job = await run(handler, max_retries=2)
    assert (job.status, job.retries) == (JobStatus.RETRYING, 1)
    assert says in str(job.last_error)
    due = database.redis.zscore("rrq:queue:default", "a")
    assert before + 4_500 <= due <= database.now_ms() + 4_500


async def test_a_subclass_that_sets_no_delay_takes_the_back_off(
    run: Run, database: Database
) -> None:
    def handler(_: Context) -> None:
        raise OwnDelay(None)

    await usual_back_off(run, database, handler, "OwnDelay: own")


# Cancellation


async def test_a_handler_that_cancels_its_own_task_has_failed(run: Run) -> None:
    async def handler(_: Context) -> None:
        task = asyncio.current_task()
        assert task is not None
        task.cancel("mine")
        await asyncio.sleep(0)

    job = await run(handler, max_retries=2)
    assert (job.status, job.last_error) == (JobStatus.RETRYING, "CancelledError: mine")


async def test_a_cancellation_that_a_handler_leaves_behind_changes_nothing(run: Run) -> None:
    async def handler(_: Context) -> str:
        task = asyncio.current_task()
        assert task is not None
        task.cancel()
        return "done"

    job = await run(handler, max_retries=2)
    assert (job.status, job.result, job.fencing_token) == (JobStatus.COMPLETED, "done", 1)


async def test_a_handlers_own_time_out_is_no_timeout(run: Run) -> None:
    async def handler(_: Context) -> None:
        async with asyncio.timeout(0):
            await asyncio.Event().wait()

    job = await run(handler, max_retries=2)
    assert (job.status, job.dead_reason) == (JobStatus.RETRYING, None)
    assert str(job.last_error).startswith("TimeoutError")


@pytest.mark.parametrize("ending", [RetryJob, SystemExit, TimeoutError, None])
async def test_an_end_after_the_time_was_up_is_a_timeout(
    redis: Redis,
    client: Client,
    settings: Settings,
    database: Database,
    ending: type[BaseException] | None,
) -> None:
    began, clock = asyncio.Event(), ManualClock()
    tap = Tap(redis, clock)

    async def handler(_: Context) -> None:
        began.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            if ending is not None:
                raise ending from None

    await client.enqueue("handler", job_id="a", job_timeout_s=7)
    async with running(tap, settings, {"handler": handler}, clock=clock):
        await until(began.is_set)
        await tap.advance(7.1)
        await until(lambda: database.dead() == ["a"])
    job = await client.job("a")
    assert (job.dead_reason, job.last_error) == ("timeout", "still running after 7 s")


@pytest.mark.parametrize("written", ["before", "after"])
async def test_a_handler_that_resists_its_time_out_keeps_its_slot_but_not_its_job(
    redis: Redis, client: Client, settings: Settings, database: Database, written: str
) -> None:
    """It is dead-lettered while the handler goes on. The handler's own end no longer counts,
    even if the server takes the outcome only after it."""
    clock, began, opened = ManualClock(), [], asyncio.Event()
    tap = Tap(redis, clock)

    async def handler(context: Context) -> str:
        began.append(context)
        while not opened.is_set():
            with suppress(asyncio.CancelledError):
                await opened.wait()
        return "late"

    for job_id in ("a", "b"):
        await client.enqueue("handler", job_id=job_id, job_timeout_s=7)
    one = Settings(**{**_fields(settings), "concurrency": 1})
    async with running(tap, one, {"handler": handler}, clock=clock) as it:
        try:
            await until(lambda: len(began) == 1)
            if written == "after":
                tap.refuse["bury"] = ConnectionError("cut off")
            await tap.advance(7.1)
            await tap.advance(settings.lock_ttl_ms / 3000)
            await until(lambda: tap.count("bury") > 0)
            if written == "before":
                await until(lambda: database.dead() == ["a"])
                assert database.locked() == []
            assert (len(began), began[0].lost) == (1, True)
        finally:
            opened.set()
        await until(lambda: len(began) == 2)  # the slot is free again
        tap.refuse.clear()
        await tap.advance(1)
        await until(lambda: database.dead() == ["a"] and not database.locked())
        assert not it.task.done()
        assert tap.count("acquit") == 0
    dead, done = await client.job("a"), await client.job("b")
    assert (dead.dead_reason, dead.last_error) == ("timeout", "still running after 7 s")
    assert (dead.result, done.result) == (None, "late")


def _fields(settings: Settings) -> dict[str, Any]:
    return {name: getattr(settings, name) for name in settings.__dataclass_fields__}


# The last net


async def test_what_the_runner_itself_raises_is_a_failed_run(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rrq_ref.attempt._arguments", lambda _: sys.exit("a bug"))
    job = await run(lambda _: "done", max_retries=2)
    assert (job.status, job.last_error) == (JobStatus.RETRYING, "SystemExit: a bug")


async def test_a_function_without_a_thread_fails_and_is_not_started_later(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pool that cannot start a thread queues the call all the same."""
    started, start = [], threading.Thread.start
    refused: Iterator[bool] = iter([True])

    def no_thread(thread: threading.Thread) -> None:
        if thread.name.startswith("rrq-handler") and next(refused, False):
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr("threading.Thread.start", no_thread)

    def handler(context: Context) -> str:
        started.append(context.token)
        return "done"

    monkeypatch.setattr("rrq_ref.settings.Settings.retry_delay_ms", lambda *_: 0)
    job = await run(handler, max_retries=3)
    assert (job.status, job.retries, started) == (JobStatus.COMPLETED, 1, [2])


# The start


async def test_a_job_whose_lock_has_expired_while_it_was_read_is_not_started(
    redis: Redis,
    client: Client,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    clock, started = ManualClock(), list[Any]()

    def slowly(claimed: Claimed) -> tuple[list[Any], dict[str, Any]]:
        clock.now += settings.lock_ttl_ms / 1000
        return read(claimed)

    read = attempt._arguments
    monkeypatch.setattr(attempt, "_arguments", slowly)
    await client.enqueue("handler", job_id="a")
    async with running(redis, settings, {"handler": started.append}, clock=clock):
        await until(lambda: "not started: its lock may have expired" in caplog.text)
    assert started == []
