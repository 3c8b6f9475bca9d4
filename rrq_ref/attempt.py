"""One start of a handler: its context, its cancellation, and the outcome that its end becomes."""

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
    """The first argument of every handler."""

    queue: str
    worker_id: str
    job_id: str
    token: int  # the fencing token: a store that the handler writes to can refuse an older one
    attempt: int  # 1 for the first run; counts failed runs, not lost workers
    lost: bool = False  # this attempt no longer has the job: its lock is gone, or its time was up
    stopping: bool = False  # finish up, or raise: the drain's time is over, or it was cancelled
    cancelled: bool = False  # the job was asked to stop; `stopping` is then set too
    _effects: list[list[str]] = field(default_factory=list)

    def effect(self, *command: str | bytes | int | float) -> None:
        """Hand a Redis command to the commit. It is applied once, in the step that completes the
        job. If the server refuses it, the job is dead-lettered as `effect`; earlier effects stay.
        Raises `InvalidJob` for a word that no command can have."""
        if not 2 <= len(command) <= 1000:
            raise InvalidJob(f"an effect of {len(command)} words; give a command and its arguments")
        self._effects.append([_word(word) for word in command])

    def check(self) -> None:
        """Raise `LockLost` once the job is lost, and `JobCancelled` once it was asked to stop: for
        loops in plain functions."""
        if self.lost:
            raise LockLost(f"attempt {self.token} has lost job {self.job_id}")
        if self.cancelled:
            raise JobCancelled(f"job {self.job_id} was asked to stop")

    def effects_json(self) -> bytes:
        # cjson passes bytes through unchanged, so they need not be UTF-8 (see `_word`).
        text = json.dumps(self._effects, ensure_ascii=False) if self._effects else ""
        return text.encode(errors="surrogateescape")


def _word(word: object) -> str:
    """One word of a command, the bytes that Redis shall see decoded as if they were UTF-8."""
    try:
        if isinstance(word, str):
            word = str.encode(word)  # `str()` of an enum member gives its name, not its value
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
    """A function that runs a job: an `async def` on the worker's loop, or a plain function in a
    thread. If the plain one returns an awaitable, the loop awaits it."""

    def __call__(self, context: Context, /, *args: Any, **kwargs: Any) -> Any: ...


@dataclass(slots=True, eq=False)
class Attempt:
    """A job that this worker holds, with all of its state that changes."""

    claimed: Claimed
    context: Context
    deadline: float  # the lock is certainly ours until then, on the worker's monotonic clock
    task: asyncio.Task[None] | None = None
    thread: Future[Any] | None = None  # while a plain function runs in it
    ends_at: float = math.inf  # end of the handler's time on that clock, once it has begun
    expired: bool = False  # its time was up, and it was told to stop
    blocked: bool = False  # it blocked the event loop long enough for locks to expire
    ending: Outcome | None = None  # how the handler ended; None: nothing may be written
    outcome: Outcome | None = None  # the outcome to be written; None while the handler runs

    def __str__(self) -> str:
        return f"job {self.context.job_id}, attempt {self.context.token}, {self.function}"

    @property
    def function(self) -> str:
        return (self.claimed.function or b"").decode(errors="replace")

    @property
    def overdue(self) -> bool:
        """Its time is up, and its handler still runs."""
        return self.running and self.expired

    @property
    def running(self) -> bool:
        return self.task is not None and not self.task.done()

    def stop(self) -> None:
        """Tell the handler that the worker leaves. A plain function has to look for it itself."""
        self._stop("drain")

    def cancel(self) -> None:
        """Tell the handler that the job was asked to stop: only once, because it may clean up."""
        self.context.cancelled = True
        self._stop("the job was asked to stop")

    def _stop(self, why: str) -> None:
        told, self.context.stopping = self.context.stopping, True
        if not told and self.task is not None and self.thread is None:
            self.task.cancel(why)

    def expire(self) -> None:
        """Tell the handler that its time is up."""
        self.expired = True
        if self.task is not None:
            self.task.cancel()

    def lose(self) -> None:
        """Tell the handler that the lock is lost, and stop waiting for it."""
        self.context.lost = True
        if self.task is not None:
            self.task.cancel(LockLost(f"{self} has lost its lock"))


class Runner:
    """Runs handlers and turns their ends into outcomes. Calls `begin` before each run; and `failed`
    after each failed one, with its context, the exception, and whether it will be run again."""

    def __init__(
        self, world: World, handlers: Mapping[str, Handler], threads: Executor,
        begin: Callable[[Attempt], None], failed: Callable[[Context, BaseException, bool], None],
    ) -> None:  # fmt: skip
        self._world = world
        self._threads = threads
        self._begin = begin
        self._failed = failed
        self._handlers = {name.encode(): h for name, h in checked(handlers).items()}
        self._async = {n for n, h in self._handlers.items() if _is(inspect.iscoroutinefunction, h)}

    async def run(self, attempt: Attempt) -> None:
        """Run the handler to its end and set the attempt's `ending`. (A task's result would not do:
        a handler may cancel its task.) Any exception, even of this package, becomes an outcome."""
        try:
            attempt.ending = await self._run(attempt)
        except BaseException as error:  # noqa: BLE001 - or the job would stay held for ever
            attempt.ending = self._retry(attempt, error)

    async def _run(self, attempt: Attempt) -> Outcome | None:
        claimed, lease, context = attempt.claimed, attempt.claimed.lease, attempt.context
        handler = self._handlers.get(claimed.function or b"")
        if handler is None:
            said = f"no handler is named {attempt.function!r}"
            return self._bury(attempt, "unknown-handler", LookupError(said))
        try:
            args, kwargs = _arguments(claimed)
        except (ValueError, RecursionError) as error:
            said = f"the arguments cannot be read: {error}"
            return self._bury(attempt, "unreadable", ValueError(said))
        if attempt.deadline <= self._world.clock.monotonic():
            # The process stood still since the claim, or had much to read, and another one may have
            # the job by now.
            self._world.log.warning("%s is not started: its lock may have expired", attempt)
            return None
        self._begin(attempt)
        call = partial(handler, context, *args, **kwargs)
        result, failure = await self._call(attempt, call)
        if context.lost:
            return None
        if attempt.expired:  # also when the handler swallowed its cancellation
            return self.time_out(attempt, failure)
        if failure is None:
            return self._complete(attempt, result)
        if context.stopping:  # it failed because it was told to stop
            return Release(lease)
        return self._retry(attempt, failure)

    async def _call(
        self, attempt: Attempt, call: Callable[[], Any]
    ) -> tuple[Any, BaseException | None]:
        """Call the handler. Returns its result and the exception that it raised."""
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
                        task.cancel("drain")  # asked for while the thread still ran
                    result = await self._watched(attempt, result)
        except BaseException as error:  # noqa: BLE001 - SystemExit in a handler must not end the worker
            return None, error
        return result, raised

    def _watched(self, attempt: Attempt, result: Awaitable[Any]) -> Awaitable[Any]:
        return _Steps(result, attempt, self._world) if inspect.iscoroutine(result) else result

    def time_out(self, attempt: Attempt, raised: BaseException | None = None) -> Bury:
        """End a job whose time is up, whatever its handler does next."""
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
        said = failures.text(error).partition(": ")[2]  # the error's name is ours: leave it out
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
    """A handler's coroutine with each step timed. A handler that blocks the event loop makes its
    worker lose every job; the times tell which handler it was."""

    def __init__(self, steps: Coroutine[Any, Any, Any], attempt: Attempt, world: World) -> None:
        self._steps = steps
        self._attempt = attempt
        self._now = world.clock.monotonic
        # Two thirds of the TTL: locks are renewed every third.
        self._too_long_s = world.settings.lock_ttl_ms / 1500

    def __await__(self) -> Generator[Any, None, Any]:
        raised: BaseException | None = None
        while True:
            began = self._now()
            try:
                step = self._steps.send(None) if raised is None else self._steps.throw(raised)
            except StopIteration as end:
                return end.value
            finally:
                with suppress(RuntimeError):  # no loop runs in a child that the handler forked
                    self._attempt.blocked |= self._now() - began > self._too_long_s
            try:
                yield step
                raised = None
            except BaseException as error:  # noqa: BLE001 - the handler may catch anything
                raised = error


def checked(handlers: Mapping[str, Handler]) -> Mapping[str, Handler]:
    """Return the handlers as they are. Raises `ValueError` if they cannot be run."""
    wrong = "the handlers are not a mapping of names to functions"
    if not isinstance(handlers, Mapping):
        raise ValueError(f"{wrong}, but a {type(handlers).__name__}")
    for name, handler in handlers.items():
        if not isinstance(name, str) or not name.encode() or not callable(handler):
            raise ValueError(f"{wrong}: {name!r:.100} is a {type(handler).__name__}")
        if any(_is(k, handler) for k in (inspect.isgeneratorfunction, inspect.isasyncgenfunction)):
            raise ValueError(f"{name!r} is a generator function, whose body would never run")
    return handlers


def _is(kind: Callable[[object], bool], handler: object) -> bool:
    return kind(handler) or kind(getattr(handler, "__call__", None))  # noqa: B004 - an object's method


def _in_thread(attempt: Attempt, call: Callable[[], Any]) -> tuple[Any, BaseException | None]:
    # An attempt that failed for want of a thread may still be queued, and reach a later thread.
    if not attempt.running:
        return None, None
    return failures.caught(call)


def _arguments(claimed: Claimed) -> tuple[list[Any], dict[str, Any]]:
    """A job's positional and keyword arguments. Raises `ValueError` if they are unreadable."""
    args = [] if claimed.args in (None, b"[]") else json.loads(claimed.args or b"")
    encoded = claimed.kwargs if claimed.params is None else claimed.params
    kwargs = {} if encoded in (None, b"{}") else json.loads(encoded or b"")
    if not isinstance(args, list) or not isinstance(kwargs, dict):
        raise ValueError("they are not a list and an object")
    return args, kwargs
