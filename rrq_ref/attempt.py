"""One start of a handler: what it sees, how it is cancelled, and what its end means."""

import asyncio
import inspect
import json
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import Executor, Future
from contextvars import copy_context
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from .children import OnlyHere
from .clock import World
from .errors import InvalidJob, JobCancelled, LockLost, RetryJob
from .job import encode
from .transitions import Bury, Claimed, Finish, Outcome, Release, Retry

Handler = Callable[..., Any]
_ERROR_LENGTH = 2_000  # an error text longer than this is cut before it is stored


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

    def effect(self, *command: str | int | float) -> None:
        """Hand a Redis command to the commit: applied in the step that completes the job, once.
        If the server refuses it, the job is dead-lettered as `effect`; effects before it stay."""
        if not 2 <= len(command) <= 1000:
            raise InvalidJob(f"an effect of {len(command)} words; give a command and its arguments")
        words = [str(word) for word in command]
        try:
            "".join(words).encode()
        except UnicodeEncodeError as error:
            raise InvalidJob(f"an effect that is no UTF-8: {error}") from error
        self._effects.append(words)

    def check(self) -> None:
        """For loops in plain functions: raise `LockLost` once the job is lost, and `JobCancelled`
        once somebody has asked for its end."""
        if self.lost:
            raise LockLost(f"job {self.job_id} is lost to attempt {self.token}")
        if self.cancelled:
            raise JobCancelled(f"job {self.job_id} was asked to stop")

    def effects_json(self) -> str:
        return json.dumps(self._effects) if self._effects else ""


@dataclass(slots=True, eq=False)
class Attempt:
    """A job that this worker holds. All that changes about it is named here."""

    claimed: Claimed
    context: Context
    deadline: float  # until when the lock is surely still ours, on the worker's monotonic clock
    task: asyncio.Task[Outcome | None] | None = None
    thread: Future[Any] | None = None
    outcome: Outcome | None = None  # what is to be written; None while the handler runs

    def __str__(self) -> str:
        return f"job {self.context.job_id}, attempt {self.context.token},"

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
    """Runs handlers and turns what becomes of them into outcomes."""

    def __init__(self, world: World, handlers: Mapping[str, Handler], threads: Executor) -> None:
        self._world = world
        self._threads = threads
        self._handlers = {name.encode(): handler for name, handler in handlers.items()}
        self._async = {n for n, h in self._handlers.items() if _is_async(h)}

    async def run(self, attempt: Attempt) -> Outcome | None:
        """Run the handler to its end; None when its lock was lost and nothing may be written."""
        claimed, lease = attempt.claimed, attempt.claimed.lease
        if attempt.deadline <= self._world.clock.monotonic():
            # The process stood still since the claim, and another one may have the job.
            self._world.log.warning("%s is not started: its lock may have expired", attempt)
            return None
        name = claimed.function or b""
        handler = self._handlers.get(name)
        if handler is None:
            text = f"no handler is named {name.decode(errors='replace')!r}"
            return Bury(lease, "unknown-handler", text)
        try:
            args, kwargs = _arguments(claimed)
        except (ValueError, RecursionError) as error:
            return Bury(lease, "unreadable", f"the arguments cannot be read: {error}")
        failure: BaseException | None = None
        limit = self._world.clock.timeout(claimed.timeout_s)
        try:
            async with limit:
                with OnlyHere():
                    result = await self._call(attempt, handler, args, kwargs)
        except BaseException as error:  # noqa: BLE001 - SystemExit in a handler must not end the worker
            failure = error
        if attempt.context.lost:
            return None
        if limit.expired():  # also when the handler swallowed its cancellation
            attempt.context.lost = True
            return Bury(lease, "timeout", f"still running after {claimed.timeout_s} s")
        if failure is None:
            return _completion(attempt, result)
        if attempt.context.stopping:  # it failed because it was told to stop
            return Release(lease)
        return self._retry(claimed, failure)

    def _call(
        self, attempt: Attempt, handler: Handler, args: list[Any], kwargs: dict[str, Any]
    ) -> Awaitable[Any]:
        if attempt.claimed.function in self._async:
            return handler(attempt.context, *args, **kwargs)  # type: ignore[no-any-return]
        call = partial(copy_context().run, _call_here, handler, attempt.context, *args, **kwargs)
        attempt.thread = self._threads.submit(call)
        return asyncio.wrap_future(attempt.thread)

    def _retry(self, claimed: Claimed, error: BaseException) -> Retry:
        if isinstance(error, RetryJob) and error.delay_s is not None:
            return Retry(claimed.lease, _text(error), int(error.delay_s * 1000))
        jitter = self._world.random.random()
        delay_ms = self._world.settings.retry_delay_ms(claimed.retries + 1, jitter)
        return Retry(claimed.lease, _text(error), delay_ms)


def _call_here(handler: Handler, /, *args: Any, **kwargs: Any) -> Any:
    with OnlyHere():
        return handler(*args, **kwargs)


def _is_async(handler: Handler) -> bool:
    call = getattr(handler, "__call__", None)  # noqa: B004 - of an object, its method
    return inspect.iscoroutinefunction(handler) or inspect.iscoroutinefunction(call)


def _text(error: BaseException) -> str:
    try:
        text = f"{type(error).__name__}: {error}"[:_ERROR_LENGTH]
    except Exception:  # noqa: BLE001 - it has no text, and must not cost more than itself
        return type(error).__name__
    return text.encode(errors="backslashreplace").decode()  # a file name may be no UTF-8


def _completion(attempt: Attempt, result: Any) -> Outcome:
    lease = attempt.claimed.lease
    try:
        return Finish(lease, encode(result, "result"), attempt.context.effects_json())
    except InvalidJob as error:
        return Bury(lease, "result", str(error))


def _arguments(claimed: Claimed) -> tuple[list[Any], dict[str, Any]]:
    """Positional and keyword arguments of a job; raises `ValueError` where they are unreadable."""
    args = [] if claimed.args in (None, b"[]") else json.loads(claimed.args or b"")
    encoded = claimed.kwargs if claimed.params is None else claimed.params
    kwargs = {} if encoded in (None, b"{}") else json.loads(encoded or b"")
    if not isinstance(args, list) or not isinstance(kwargs, dict):
        raise ValueError("they are not a list and an object")
    return args, kwargs
