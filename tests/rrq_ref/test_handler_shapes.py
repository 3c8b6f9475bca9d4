"""Handlers: anything that can be called with a context. An awaitable result is awaited."""

from __future__ import annotations

import asyncio
import functools
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Iterator
from contextvars import ContextVar
from typing import Any

import pytest
from redis.asyncio import Redis

from rrq_ref import Fleet, Handler, Settings, Worker
from rrq_ref.attempt import Context
from rrq_ref.client import Client
from rrq_ref.job import JobStatus

from .conftest import Leaks, Run
from .database import Database
from .running import ManualClock, Tap, running, until


async def double(context: Context, number: int) -> int:
    await asyncio.sleep(0)
    context.effect("INCR", "effect")
    return 2 * number


def decorated(function: Callable[..., Awaitable[Any]], *, wraps: bool) -> Handler:
    def wrapper(*args: Any, **kwargs: Any) -> Awaitable[Any]:
        return function(*args, **kwargs)

    return functools.wraps(function)(wrapper) if wraps else wrapper


class Returns:
    """A callable object that is no coroutine function, but returns an awaitable."""

    def __call__(self, context: Context, number: int) -> Awaitable[int]:
        return double(context, number)

    async def method(self, context: Context, number: int) -> int:
        return await double(context, number)

    @staticmethod
    async def static(context: Context, number: int) -> int:
        return await double(context, number)


class Asynchronous:
    async def __call__(self, context: Context, number: int) -> int:
        return await double(context, number)


class Awaits:
    """Awaitable, and neither a coroutine nor a future."""

    def __init__(self, context: Context, number: int) -> None:
        self._given = (context, number)

    def __await__(self) -> Generator[Any, None, int]:
        return double(*self._given).__await__()


def blocking(context: Context, number: int) -> int:
    return asyncio.run(double(context, number))  # as `async_to_sync` decorators do


SHAPES: dict[str, Handler] = {
    "decorated": decorated(double, wraps=False),
    "decorated with wraps": decorated(double, wraps=True),
    "decorated to be blocking": functools.wraps(double)(blocking),
    "partial": functools.partial(double),
    "partial of a partial": functools.partial(functools.partial(double)),
    "partial of a decorated one": functools.partial(decorated(double, wraps=False)),
    "partial of an object": functools.partial(Asynchronous()),
    "object": Returns(),
    "object with an async call": Asynchronous(),
    "bound method": Returns().method,
    "bound method of call": Returns().__call__,
    "static method": Returns.static,
    "lambda": lambda context, number: double(context, number),
    "class of awaitables": Awaits,
}


@pytest.mark.parametrize("shape", SHAPES)
async def test_every_shape_runs_once_with_its_context_and_its_effects(
    run: Run, database: Database, leaks: Leaks, shape: str
) -> None:
    leaks.allow("effect")
    job = await run(SHAPES[shape], 21, max_retries=3)
    assert (job.status, job.result) == (JobStatus.COMPLETED, 42)
    assert (job.fencing_token, job.retries) == (1, 0)
    assert database.redis.get("effect") == b"1"


async def test_a_future_of_the_workers_loop_is_awaited(run: Run) -> None:
    loop = asyncio.get_running_loop()
    future = loop.create_future()
    task = loop.create_task(asyncio.sleep(0, "slept"))
    loop.call_soon(future.set_result, "set")
    assert (await run(lambda _: future)).result == "set"
    assert (await run(lambda _: task, job_id="b") and task.result()) == "slept"


async def test_the_plain_part_runs_in_a_thread_and_the_awaited_one_on_the_loop(run: Run) -> None:
    name: ContextVar[str] = ContextVar("name", default="-")
    seen: list[Any] = []

    def note() -> None:
        seen.append((threading.current_thread() is threading.main_thread(), name.get()))

    async def later() -> None:
        note()

    def handler(_: Context) -> Awaitable[None]:
        note()
        return later()

    name.set("outer")
    await run(handler)
    assert seen == [(False, "outer"), (True, "outer")]


@pytest.mark.parametrize("error", [StopIteration(), SystemExit(3), asyncio.CancelledError("mine")])
async def test_what_the_awaited_part_raises_is_one_failed_run(
    run: Run, error: BaseException
) -> None:
    class Raises:
        def __await__(self) -> Iterator[Any]:
            raise error

    job = await run(lambda _: Raises(), max_retries=2)
    assert (job.status, job.retries) == (JobStatus.RETRYING, 1)


class Split:
    """A plain function, then an awaitable; each says when it began and ends when it is told."""

    def __init__(self) -> None:
        self.in_thread, self.leave_thread = threading.Event(), threading.Event()
        self.awaited, self.ended = asyncio.Event(), list[str]()
        self.context: Context | None = None

    def handler(self, context: Context) -> Awaitable[str]:
        self.context = context
        self.in_thread.set()
        assert self.leave_thread.wait(20)
        return self._later()

    async def _later(self) -> str:
        self.awaited.set()
        try:
            await asyncio.Event().wait()
        finally:
            self.ended.append("cancelled")
        return "never"


async def test_the_time_limit_holds_for_both_parts(
    redis: Redis, client: Client, settings: Settings, database: Database
) -> None:
    clock, split = ManualClock(), Split()
    tap = Tap(redis, clock)
    split.leave_thread.set()
    await client.enqueue("split", job_id="a", job_timeout_s=7)
    async with running(tap, settings, {"split": split.handler}, clock=clock):
        await until(split.awaited.is_set)
        await tap.advance(7.1)
        await until(lambda: database.dead() == ["a"])
    assert (database.job("a")["dead_reason"], split.ended) == ("timeout", ["cancelled"])


@pytest.mark.parametrize("part", ["thread", "loop"])
async def test_a_drain_ends_both_parts(
    redis: Redis, client: Client, settings: Settings, database: Database, part: str
) -> None:
    split = Split()
    await client.enqueue("split", job_id="a")
    async with running(redis, settings, {"split": split.handler}) as it:
        await until(split.in_thread.is_set)
        if part == "loop":
            split.leave_thread.set()
            await until(split.awaited.is_set)
        it.worker.drain(hurry=True)
        await until(lambda: split.context and split.context.stopping)
        split.leave_thread.set()
        await it.left()
    assert split.ended == ["cancelled"]
    assert (database.queued(), database.job("a")["status"]) == (["a"], "PENDING")


async def test_a_lost_lock_ends_the_awaited_part(
    redis: Redis, client: Client, settings: Settings, database: Database
) -> None:
    clock, split = ManualClock(), Split()
    tap = Tap(redis, clock)
    split.leave_thread.set()
    await client.enqueue("split", job_id="a")
    async with running(tap, settings, {"split": split.handler}, clock=clock):
        await until(split.awaited.is_set)
        tap.refuse["refresh_locks"] = ConnectionError("cut off")
        await tap.advance(settings.lock_ttl_ms / 1000 + 1)
        await until(lambda: split.ended)
    assert split.context is not None
    assert split.context.lost
    database.redis.flushall()


# What cannot be a handler


def generates(_: Context) -> Iterator[int]:
    yield 1


async def generates_later(_: Context) -> AsyncIterator[int]:
    yield 1


class Generates:
    def __call__(self, _: Context) -> Iterator[int]:
        yield 1


WRONG: list[tuple[Any, str]] = [
    (None, "the handlers are not a mapping of names to functions, but a NoneType"),
    ([double], "not a mapping of names to functions, but a list"),
    (double, "not a mapping of names to functions, but a function"),
    ({3: double}, "3 is a function"),
    ({None: double}, "None is a function"),
    ({"": double}, "'' is a function"),
    ({b"double": double}, "b'double' is a function"),
    ({"\ud800": double}, "surrogates not allowed"),
    ({"double": None}, "'double' is a NoneType"),
    ({"double": "double"}, "'double' is a str"),
    ({"g": generates}, "'g' is a generator function, whose body would never run"),
    ({"g": generates_later}, "'g' is a generator function"),
    ({"g": functools.partial(generates)}, "'g' is a generator function"),
    ({"g": functools.partial(generates_later)}, "'g' is a generator function"),
    ({"g": Generates()}, "'g' is a generator function"),
    ({"g": Generates().__call__}, "'g' is a generator function"),
]


@pytest.mark.parametrize(("handlers", "says"), WRONG, ids=[says for _, says in WRONG])
def test_what_cannot_be_run_is_refused_in_one_sentence(handlers: Any, says: str) -> None:
    redis: Any = None
    makes: list[Callable[[], Any]] = [
        lambda: Fleet(handlers, Settings(), num_workers=1),
        lambda: Worker(redis, handlers, Settings(), worker_id="w"),
    ]
    for make in makes:
        with pytest.raises(ValueError, match=r".") as caught:
            make()
        assert says in str(caught.value)
        assert "\n" not in str(caught.value)


async def test_a_generator_that_a_plain_function_returns_is_no_result(run: Run) -> None:
    job = await run(lambda context: generates(context))
    assert (job.status, job.dead_reason) == (JobStatus.FAILED, "result")
    assert "generator" in str(job.last_error)


# For type checkers: `mypy` fails on each of these if `Handler` comes to allow it.


async def no_context() -> None: ...
async def other_first(number: int) -> None: ...
async def only_keyword(*, context: Context) -> None: ...


NOT_HANDLERS: list[Handler] = [
    no_context,  # type: ignore[list-item]
    other_first,  # type: ignore[list-item]
    only_keyword,  # type: ignore[list-item]
    3,  # type: ignore[list-item]
]
