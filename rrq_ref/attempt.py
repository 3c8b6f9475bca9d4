"""One start of a handler: what it sees, how it is cancelled, and what its end means."""

import asyncio
import inspect
import json
import math
from collections.abc import Awaitable, Callable, Coroutine, Generator, Mapping
from concurrent.futures import Executor, Future
from contextlib import suppress
from contextvars import copy_context
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol

from . import failures
from .children import OnlyHere
from .clock import World
from .errors import InvalidJob, JobCancelled, LockLost, RetryJob, checked_delay_ms
from .job import encode
from .transitions import Bury, Claimed, Finish, Outcome, Release, Retry


@dataclass(slots=True, eq=False)
class Context:
    """What a handler is given as its first argument."""

    queue: str
    worker_id: str
    job_id: str
    token: int  # the fencing token: what the handler writes to can refuse an older one
    attempt: int  # 1 for the first run; counts failed runs, not lost workers
    lost: bool = False  # not this attempt's job any more: its lock is gone, or its time was up
    stopping: bool = False  # the worker runs out of patience in a drain: finish up, or raise;
    cancelled: bool = False  # or, then with this one, somebody asked for the end of the job
    _effects: list[list[str]] = field(default_factory=list)

    def effect(self, *command: str | bytes | int | float) -> None:
        """Hand a Redis command to the commit: applied in the step that completes the job, once.
        If the server refuses it, the job is dead-lettered as `effect`; effects before it stay.
        Raises `InvalidJob` for what is no word of a command."""
        if not 2 <= len(command) <= 1000:
            raise InvalidJob(f"an effect of {len(command)} words; give a command and its arguments")
        self._effects.append([_word(word) for word in command])

    def check(self) -> None:
        """For loops in plain functions: raise `LockLost` once the job is lost, and `JobCancelled`
        once somebody has asked for its end."""
        if self.lost:
            raise LockLost(f"job {self.job_id} is lost to attempt {self.token}")
        if self.cancelled:
            raise JobCancelled(f"job {self.job_id} was asked to stop")

    def effects_json(self) -> bytes:
        # cjson hands bytes on as they are, so these may be no UTF-8: as in `_word`.
        text = json.dumps(self._effects, ensure_ascii=False) if self._effects else ""
        return text.encode(errors="surrogateescape")


def _word(word: object) -> str:
    """One word of a command as Redis is to see it, its bytes as if they were UTF-8."""
    try:
        if isinstance(word, str):
            word = str.encode(word)  # an enumeration's `str()` says something else
        if isinstance(word, bytes | bytearray | memoryview):
            return bytes(word).decode(errors="surrogateescape")
        if isinstance(word, float) and math.isfinite(word):
            return float.__repr__(word)
        if isinstance(word, bool | float) or not isinstance(word, int):
            raise ValueError(f"{word!r:.100}; give text, bytes or finite numbers")
        return int.__repr__(word)
    except ValueError as error:
        raise InvalidJob(f"an effect with a word that cannot be written: {error}") from error


class Handler(Protocol):
    """What runs a job: an `async def`, on the worker's loop, or a plain function, in a thread. If
    that returns something awaitable, it is awaited on the loop."""

    def __call__(self, context: Context, /, *args: Any, **kwargs: Any) -> Any: ...


@dataclass(slots=True, eq=False)
class Attempt:
    """A job that this worker holds. All that changes about it is named here."""

    claimed: Claimed
    context: Context
    deadline: float  # until when the lock is surely still ours, on the worker's monotonic clock
    task: asyncio.Task[None] | None = None
    thread: Future[Any] | None = None  # while a plain function runs in it
    limit: asyncio.Timeout | None = None  # the job's time, once its handler has begun
    blocked: bool = False  # it has kept the event loop for so long that locks ran out
    ending: Outcome | None = None  # what became of it; None: nothing may be written
    outcome: Outcome | None = None  # what is to be written; None while the handler runs

    def __str__(self) -> str:
        return f"job {self.context.job_id}, attempt {self.context.token}, {self.function}"

    @property
    def function(self) -> str:
        return (self.claimed.function or b"").decode(errors="replace")

    @property
    def overdue(self) -> bool:
        """Its time is up, and its handler goes on nevertheless."""
        return self.running and self.limit is not None and self.limit.expired()

    @property
    def running(self) -> bool:
        return self.task is not None and not self.task.done()

    def stop(self) -> None:
        """Tell the handler that the worker leaves. A plain function must look for it itself."""
        self._stop("drain")

    def cancel(self) -> None:
        """Tell the handler that somebody asked for the job's end: once, for it may clean up."""
        self.context.cancelled = True
        self._stop("the job was asked to stop")

    def _stop(self, why: str) -> None:
        told, self.context.stopping = self.context.stopping, True
        if not told and self.task is not None and self.thread is None:
            self.task.cancel(why)

    def lose(self) -> None:
        """Tell the handler that the lock is lost, and wait for it no longer."""
        self.context.lost = True
        if self.task is not None:
            self.task.cancel(LockLost(f"{self} has lost its lock"))


class Runner:
    """Runs handlers and turns what becomes of them into outcomes. `failed` is told of each run that
    failed: its context, what it raised, whether it will be run again."""

    def __init__(
        self, world: World, handlers: Mapping[str, Handler], threads: Executor,
        failed: Callable[[Context, BaseException, bool], None],
    ) -> None:  # fmt: skip
        self._world = world
        self._threads = threads
        self._failed = failed
        self._handlers = {name.encode(): h for name, h in checked(handlers).items()}
        self._async = {n for n, h in self._handlers.items() if _is(inspect.iscoroutinefunction, h)}

    async def run(self, attempt: Attempt) -> None:
        """Run the handler to its end, and set the attempt's `ending`: not the task's result, for a
        handler may cancel its task. Whatever is raised, by this package too, is one outcome."""
        try:
            attempt.ending = await self._run(attempt)
        except BaseException as error:  # noqa: BLE001 - or the job would stay held for ever
            attempt.ending = self._retry(attempt, error)

    async def _run(self, attempt: Attempt) -> Outcome | None:
        claimed, lease, context = attempt.claimed, attempt.claimed.lease, attempt.context
        if attempt.deadline <= self._world.clock.monotonic():
            # The process stood still since the claim, and another one may have the job.
            self._world.log.warning("%s is not started: its lock may have expired", attempt)
            return None
        handler = self._handlers.get(claimed.function or b"")
        if handler is None:
            said = f"no handler is named {attempt.function!r}"
            return self._bury(attempt, "unknown-handler", LookupError(said))
        try:
            args, kwargs = _arguments(claimed)
        except (ValueError, RecursionError) as error:
            said = f"the arguments cannot be read: {error}"
            return self._bury(attempt, "unreadable", ValueError(said))
        async with self._world.clock.timeout(claimed.timeout_s) as attempt.limit:
            call = partial(handler, context, *args, **kwargs)
            result, failure = await self._call(attempt, call)
        if context.lost:
            return None
        if attempt.limit.expired():  # also when the handler swallowed its cancellation
            return self.time_out(attempt, failure)
        if failure is None:
            return self._complete(attempt, result)
        if context.stopping:  # it failed because it was told to stop
            return Release(lease)
        return self._retry(attempt, failure)

    async def _call(
        self, attempt: Attempt, call: Callable[[], Any]
    ) -> tuple[Any, BaseException | None]:
        """What the handler returned, and what it raised."""
        context, task = attempt.context, attempt.task
        try:
            with OnlyHere():
                if attempt.claimed.function in self._async:
                    return await self._watched(attempt, call()), None
                start = copy_context().run
                attempt.thread = self._threads.submit(start, _in_thread, attempt, call)
                result, raised = await asyncio.wrap_future(attempt.thread)
                attempt.thread = None
                if raised is None and inspect.isawaitable(result):
                    if context.stopping and task is not None:
                        task.cancel("drain")  # it was asked for while the thread still ran
                    result = await self._watched(attempt, result)
        except BaseException as error:  # noqa: BLE001 - SystemExit in a handler must not end the worker
            return None, error
        return result, raised

    def _watched(self, attempt: Attempt, result: Awaitable[Any]) -> Awaitable[Any]:
        return _Steps(result, attempt, self._world) if inspect.iscoroutine(result) else result

    def time_out(self, attempt: Attempt, raised: BaseException | None = None) -> Bury:
        """The end of a job whose time is up, whatever its handler does next."""
        attempt.context.lost = True
        error = TimeoutError(f"still running after {attempt.claimed.timeout_s} s")
        error.__cause__ = raised
        return self._bury(attempt, "timeout", error)

    def _complete(self, attempt: Attempt, result: Any) -> Outcome:
        try:
            encoded = encode(result, "result")
        except InvalidJob as error:
            return self._bury(attempt, "result", error)
        except BaseException as error:  # noqa: BLE001 - of the result's own code
            return self._retry(attempt, error)
        return Finish(attempt.claimed.lease, encoded, attempt.context.effects_json())

    def _bury(self, attempt: Attempt, reason: str, error: Exception) -> Bury:
        said = failures.text(error).partition(": ")[2]  # the error is ours, and so is its name
        self._failed(attempt.context, error, False)
        traced = failures.log(self._world.log, error.__cause__, attempt, said)
        return Bury(attempt.claimed.lease, reason, said, traced)

    def _retry(self, attempt: Attempt, error: BaseException) -> Retry:
        claimed, said, delay_ms = attempt.claimed, failures.text(error), None
        if issubclass(type(error), RetryJob):  # isinstance would ask its `__class__`
            try:
                delay_ms = checked_delay_ms(getattr(error, "delay_s", None))
            except BaseException as wrong:  # noqa: BLE001 - it may be a property
                said += f" ({failures.text(wrong)})"
        if delay_ms is None:
            jitter = self._world.random.random()
            delay_ms = self._world.settings.retry_delay_ms(claimed.retries + 1, jitter)
        self._failed(attempt.context, error, claimed.retries + 1 < claimed.max_retries)
        traced = failures.log(self._world.log, error, attempt, said)
        return Retry(claimed.lease, said, delay_ms, traced)


class _Steps:
    """A handler's coroutine, each of whose steps is timed. One that blocks the event loop makes its
    worker lose all of its jobs; without this nobody would know which one it was."""

    def __init__(self, steps: Coroutine[Any, Any, Any], attempt: Attempt, world: World) -> None:
        self._steps = steps
        self._attempt = attempt
        self._now = world.clock.monotonic
        self._too_long_s = world.settings.lock_ttl_ms / 1500  # locks are renewed every third

    def __await__(self) -> Generator[Any, None, Any]:
        raised: BaseException | None = None
        while True:
            began = self._now()
            try:
                step = self._steps.send(None) if raised is None else self._steps.throw(raised)
            except StopIteration as end:
                return end.value
            finally:
                with suppress(RuntimeError):  # in a child that the handler made no loop is running
                    self._attempt.blocked |= self._now() - began > self._too_long_s
            try:
                yield step
                raised = None
            except BaseException as error:  # noqa: BLE001 - whatever it is, it is the handler's
                raised = error


def checked(handlers: Mapping[str, Handler]) -> Mapping[str, Handler]:
    """The same; raises `ValueError` with one sentence when they cannot be run."""
    wrong = "the handlers are no mapping of names to functions"
    if not isinstance(handlers, Mapping):
        raise ValueError(f"{wrong}, but a {type(handlers).__name__}")
    for name, handler in handlers.items():
        if not isinstance(name, str) or not name.encode() or not callable(handler):
            raise ValueError(f"{wrong}: {name!r:.100} is a {type(handler).__name__}")
        if any(_is(k, handler) for k in (inspect.isgeneratorfunction, inspect.isasyncgenfunction)):
            raise ValueError(f"{name!r} is a generator function, whose body would never run")
    return handlers


def _is(kind: Callable[[object], bool], handler: object) -> bool:
    return kind(handler) or kind(getattr(handler, "__call__", None))  # noqa: B004 - of an object, its method


def _in_thread(attempt: Attempt, call: Callable[[], Any]) -> tuple[Any, BaseException | None]:
    # It may have failed before it began, for want of a thread, and be found by a later one.
    if not attempt.running:
        return None, None
    return failures.caught(call)


def _arguments(claimed: Claimed) -> tuple[list[Any], dict[str, Any]]:
    """Positional and keyword arguments of a job; raises `ValueError` where they are unreadable."""
    args = [] if claimed.args in (None, b"[]") else json.loads(claimed.args or b"")
    encoded = claimed.kwargs if claimed.params is None else claimed.params
    kwargs = {} if encoded in (None, b"{}") else json.loads(encoded or b"")
    if not isinstance(args, list) or not isinstance(kwargs, dict):
        raise ValueError("they are not a list and an object")
    return args, kwargs
