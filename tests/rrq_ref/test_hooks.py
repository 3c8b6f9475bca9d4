"""`on_startup`, `on_shutdown` and `on_failure`: when they are called, and what they cannot do."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
import time
from typing import Any

import pytest
from redis.asyncio import Redis

from rrq_ref import Fleet, Hooks, RetryJob, Settings
from rrq_ref.attempt import Context
from rrq_ref.client import Client
from rrq_ref.job import JobStatus

from .conftest import Run
from .database import Database
from .running import ManualClock, Tap, running, until


class Noted:
    """Hooks that note what they are called for."""

    def __init__(self, **options: Any) -> None:
        self.calls: list[Any] = []
        self.hooks = Hooks(
            on_startup=lambda: self.calls.append("startup"),
            on_shutdown=self._later,
            on_failure=self._failed,
            **options,
        )

    async def _later(self) -> None:
        await asyncio.sleep(0)
        self.calls.append("shutdown")

    async def _failed(self, context: Context, error: BaseException, again: bool) -> None:
        self.calls.append((context.job_id, context.attempt, type(error).__name__, again))


async def test_they_are_called_around_the_work_and_after_each_failure(
    redis: Redis, client: Client, settings: Settings
) -> None:
    noted = Noted()

    async def handler(context: Context) -> None:
        noted.calls.append(f"run {context.attempt}")
        raise RetryJob(delay_s=0)

    await client.enqueue("handler", job_id="a", max_retries=2)
    async with running(redis, settings, {"handler": handler}, burst=True, hooks=noted.hooks) as it:
        await it.left()
    failed = [("a", 1, "RetryJob", True), ("a", 2, "RetryJob", False)]
    assert [call for call in noted.calls if isinstance(call, tuple)] == failed
    assert [call for call in noted.calls if isinstance(call, str)] == [
        "startup", "run 1", "run 2", "shutdown",
    ]  # fmt: skip
    assert noted.calls[-1] == "shutdown"


@pytest.mark.parametrize(
    ("handler", "options", "name"),
    [
        (lambda _: {1}, {}, "InvalidJob"),
        (lambda _: sys.exit(3), {}, "SystemExit"),
        (lambda _: asyncio.Event().wait(), {"job_timeout_s": 1}, "TimeoutError"),
        (lambda _, __: None, {}, "TypeError"),
        (None, {}, "LookupError"),
    ],
)
async def test_every_kind_of_failure_is_told(
    redis: Redis, client: Client, settings: Settings, database: Database,
    handler: Any, options: dict[str, Any], name: str,
) -> None:  # fmt: skip
    noted, handlers = Noted(), {} if handler is None else {"handler": handler}
    await client.enqueue("handler", job_id="a", max_retries=1, **options)
    async with running(redis, settings, handlers, hooks=noted.hooks):
        await until(lambda: len(noted.calls) == 2)
        await until(lambda: database.dead() == ["a"])
    assert noted.calls[1] == ("a", 1, name, False)


async def test_a_success_and_a_hand_back_are_not_told(
    redis: Redis, client: Client, settings: Settings, database: Database
) -> None:
    noted, began = Noted(), asyncio.Event()

    async def hold(_: Context) -> None:
        began.set()
        await asyncio.Event().wait()

    await client.enqueue("hold", job_id="a")
    await client.enqueue("good", job_id="b")
    handlers = {"hold": hold, "good": lambda _: None}
    async with running(redis, settings, handlers, hooks=noted.hooks) as it:
        await until(began.is_set)
        await until(lambda: database.job("b")["status"] == "COMPLETED")
        it.worker.drain(hurry=True)
        await it.left()
    assert noted.calls == ["startup", "shutdown"]
    assert database.queued() == ["a"]


def stop_iteration(*_: Any) -> None:
    raise StopIteration


def system_exit(*_: Any) -> None:
    raise SystemExit(0)


async def async_exit(*_: Any) -> None:
    raise SystemExit(0)


async def cancelled(*_: Any) -> None:
    raise asyncio.CancelledError


async def wrong_arguments() -> None: ...


BAD = [stop_iteration, system_exit, async_exit, cancelled, wrong_arguments]


@pytest.mark.parametrize("hook", BAD)
async def test_what_on_failure_raises_is_logged_and_changes_nothing(
    run: Run, caplog: pytest.LogCaptureFixture, hook: Any
) -> None:
    async def handler(_: Context) -> None:
        raise ValueError("no")

    job = await run(handler, max_retries=2, worker={"hooks": Hooks(on_failure=hook)})
    assert (job.status, job.last_error) == (JobStatus.RETRYING, "ValueError: no")
    assert "on_failure failed: " in caplog.text


@pytest.mark.parametrize("plain", [False, True])
async def test_a_slow_on_failure_holds_nothing_back(
    redis: Redis, client: Client, settings: Settings, database: Database, plain: bool
) -> None:
    opened, called, order = threading.Event(), threading.Event(), list[str]()

    def block(*_: Any) -> None:
        assert threading.current_thread() is not threading.main_thread()
        called.set()
        assert opened.wait(20)
        order.append("told")

    async def wait(*_: Any) -> None:
        called.set()
        while not opened.is_set():  # noqa: ASYNC110 - a thread's event
            await asyncio.sleep(0.005)
        order.append("told")

    def fail(_: Context) -> None:
        raise ValueError

    hooks = Hooks(on_failure=block if plain else wait, on_shutdown=lambda: order.append("shutdown"))
    await client.enqueue("fail", job_id="a", max_retries=1)
    handlers = {"fail": fail, "good": lambda _: None}
    async with running(redis, settings, handlers, hooks=hooks) as it:
        await until(called.is_set)
        await until(lambda: database.dead() == ["a"])
        await client.enqueue("good", job_id="b")
        await until(lambda: database.job("b")["status"] == "COMPLETED")
        it.worker.drain()
        asyncio.get_running_loop().call_later(0.3, opened.set)  # nothing else is left to wait for
        await it.left()
    assert order == ["told", "shutdown"]


async def test_an_on_failure_that_hangs_is_given_up(
    redis: Redis, client: Client, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    clock, called, ended = ManualClock(), asyncio.Event(), []
    tap = Tap(redis, clock)

    async def hang(*_: Any) -> None:
        called.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(True)

    hooks = Hooks(on_failure=hang, timeout_s=3)
    await client.enqueue("fail", job_id="a", max_retries=1)
    async with running(tap, settings, {"fail": lambda _: 1 // 0}, clock=clock, hooks=hooks):
        await until(called.is_set)
        await tap.advance(3.1)
        await until(lambda: ended)
    assert "on_failure failed: TimeoutError" in caplog.text


@pytest.mark.parametrize("hook", BAD[:-1])
async def test_a_worker_whose_start_fails_claims_nothing(
    redis: Redis, client: Client, settings: Settings, database: Database, hook: Any
) -> None:
    ends: list[str] = []
    hooks = Hooks(on_startup=hook, on_shutdown=lambda: ends.append("shutdown"))
    await client.enqueue("handler", job_id="a")
    with database.untouched():
        async with running(redis, settings, {}, hooks=hooks) as it:
            with pytest.raises(RuntimeError, match="on_startup failed"):
                await it.left()
    assert ends == []  # what did not start is not ended


async def test_what_on_shutdown_raises_is_logged(
    redis: Redis, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    hooks = Hooks(on_shutdown=async_exit)
    async with running(redis, settings, {}, burst=True, hooks=hooks) as it:
        await it.left()
    assert "on_shutdown failed: SystemExit: 0" in caplog.text


async def test_on_shutdown_is_called_also_when_the_worker_fails(
    redis: Redis, settings: Settings
) -> None:
    ends: list[str] = []
    tap = Tap(redis)
    tap.refuse["lock_and_pop"] = ZeroDivisionError("a bug")
    hooks = Hooks(on_shutdown=lambda: ends.append("shutdown"))
    async with running(tap, settings, {}, hooks=hooks) as it:
        with pytest.raises(ZeroDivisionError):
            await it.left()
    assert ends == ["shutdown"]


@pytest.mark.parametrize("name", ["on_startup", "on_shutdown", "on_failure"])
def test_a_hook_that_is_no_function_is_refused(name: str) -> None:
    given: dict[str, Any] = {name: "send"}
    with pytest.raises(ValueError, match=f"{name} is 'send'; give a function"):
        Hooks(**given)


def test_a_fleet_waits_for_the_hooks_of_its_workers_too() -> None:
    """Otherwise it would kill a worker in its `on_shutdown`."""
    graces = []
    for hooks in (None, Hooks(timeout_s=50)):
        fleet: Any = Fleet({}, Settings(), num_workers=1, hooks=hooks)
        fleet._say_leave = os.open(os.devnull, os.O_WRONLY)
        fleet._drain()
        graces.append(fleet._kill_at - time.monotonic())
        os.close(fleet._say_leave)
    assert 99 < graces[1] - graces[0] < 101
