"""One start of a handler: what it sees, how it is cancelled, and what its end means."""

from __future__ import annotations

import asyncio
import inspect
import json
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import Executor, Future
from contextvars import copy_context
from enum import StrEnum
from functools import partial
from typing import Any

from .clock import World
from .errors import InvalidJob, LockLost, RetryJob
from .job import encode
from .transitions import Bury, Claimed, Finish, Outcome, Release, Retry

Handler = Callable[..., Any]
#: An error text longer than this is cut before it is stored.
_ERROR_LENGTH = 2_000


class Context:
    """What a handler is given as its first argument."""

    __slots__ = ("_effects", "attempt", "job_id", "lost", "queue", "stopping", "token", "worker_id")

    def __init__(self, claimed: Claimed, queue: str, worker_id: str) -> None:
        self.job_id = claimed.lease.job_id
        #: 1 for the first run; counts failed runs, not lost workers.
        self.attempt = claimed.retries + 1
        #: The fencing token: hand it to whatever the handler writes to, so that it can refuse an
        #: older one.
        self.token = claimed.lease.token
        self.worker_id = worker_id
        self.queue = queue
        #: The lock is gone: another attempt may be running, and this one's result is refused.
        self.lost = False
        #: The worker is draining and has run out of patience: finish up, or raise.
        self.stopping = False
        self._effects: list[list[str]] | None = None

    def effect(self, *command: str | int | float) -> None:
        """Hand a Redis command to the commit: applied in the step that completes the job, once.

        It must be a command that cannot fail on its key; if the server refuses it, the job is
        dead-lettered with the reason `effect`, and effects before it stay.
        """
        if not 2 <= len(command) <= 1000:
            raise InvalidJob(f"an effect of {len(command)} words; give a command and its arguments")
        words = [str(word) for word in command]
        try:
            "".join(words).encode()
        except UnicodeEncodeError as error:
            raise InvalidJob(f"an effect that cannot be written as UTF-8: {error}") from error
        self._effects = self._effects or []
        self._effects.append(words)

    def check(self) -> None:
        """Raise `LockLost` once the lock is lost: for loops in plain functions."""
        if self.lost:
            raise LockLost(f"job {self.job_id}: the lock of attempt {self.token} is lost")

    def effects_json(self) -> str:
        return "" if self._effects is None else json.dumps(self._effects)


class Cancelled(StrEnum):
    """Why the worker cancelled an attempt."""

    LOCK_LOST = "lock lost"
    DRAIN = "drain"


class Attempt:
    """A job that this worker holds. All that changes about it is named here."""

    __slots__ = ("cancelled", "claimed", "context", "deadline", "outcome", "task", "thread")

    def __init__(self, claimed: Claimed, context: Context, deadline: float) -> None:
        self.claimed = claimed
        self.context = context
        #: When the lock is surely still ours, on the worker's monotonic clock.
        self.deadline = deadline
        self.task: asyncio.Task[Outcome | None] | None = None
        self.thread: Future[Any] | None = None
        self.cancelled: Cancelled | None = None
        #: What is to be written; None while the handler runs.
        self.outcome: Outcome | None = None

    @property
    def running(self) -> bool:
        return self.task is not None and not self.task.done()

    def cancel(self, reason: Cancelled) -> None:
        """Tell the handler to stop. A plain function's thread cannot be, it must look itself."""
        self.cancelled = reason
        if reason is Cancelled.LOCK_LOST:
            self.context.lost = True
        else:
            self.context.stopping = True
        if self.task is None or (reason is Cancelled.DRAIN and self.thread is not None):
            return
        lost = LockLost(f"job {self.context.job_id}: {reason} in attempt {self.context.token}")
        self.task.cancel(lost if reason is Cancelled.LOCK_LOST else reason)


class Runner:
    """Runs handlers and turns what becomes of them into outcomes."""

    def __init__(self, world: World, handlers: Mapping[str, Handler], threads: Executor) -> None:
        self._world = world
        self._threads = threads
        self._handlers = {
            name.encode(): (handler, inspect.iscoroutinefunction(handler))
            for name, handler in handlers.items()
        }

    async def run(self, attempt: Attempt) -> Outcome | None:
        """Run the handler to its end; None when its lock was lost and nothing may be written."""
        claimed = attempt.claimed
        lease = claimed.lease
        known = self._handlers.get(claimed.function or b"")
        if known is None:
            name = (claimed.function or b"").decode(errors="replace")
            return Bury(lease, "unknown-handler", f"no handler is named {name!r}")
        try:
            args, kwargs = arguments(claimed)
        except ValueError as error:
            return Bury(lease, "unreadable", f"the arguments cannot be read: {error}")
        limit = self._world.clock.timeout(claimed.timeout_s)
        try:
            async with limit:
                result = await self._call(attempt, *known, args, kwargs)
        except asyncio.CancelledError as error:
            return self._after_cancel(attempt, error)
        except BaseException as error:  # noqa: BLE001 - SystemExit in a handler must not end the worker
            if limit.expired():
                return self._timed_out(attempt)
            return self._failed(attempt, error)
        if limit.expired():  # the handler swallowed its cancellation
            return self._timed_out(attempt)
        return self._finished(attempt, result)

    def _call(
        self,
        attempt: Attempt,
        handler: Handler,
        is_async: bool,
        args: list[Any],
        kwargs: dict[str, Any],
    ) -> Awaitable[Any]:
        if is_async:
            return handler(attempt.context, *args, **kwargs)  # type: ignore[no-any-return]
        call = partial(copy_context().run, handler, attempt.context, *args, **kwargs)
        attempt.thread = self._threads.submit(call)
        return asyncio.wrap_future(attempt.thread)

    def _finished(self, attempt: Attempt, result: Any) -> Outcome | None:
        if attempt.cancelled is Cancelled.LOCK_LOST:
            return None
        try:
            text = encode(result, "result")
        except InvalidJob as error:
            return Bury(attempt.claimed.lease, "result", str(error))
        return Finish(attempt.claimed.lease, text, attempt.context.effects_json())

    def _timed_out(self, attempt: Attempt) -> Outcome | None:
        if attempt.cancelled is Cancelled.LOCK_LOST:
            return None
        seconds = attempt.claimed.timeout_s
        return Bury(attempt.claimed.lease, "timeout", f"still running after {seconds:g} s")

    def _after_cancel(self, attempt: Attempt, error: BaseException) -> Outcome | None:
        if attempt.cancelled is Cancelled.LOCK_LOST:
            return None
        if attempt.cancelled is Cancelled.DRAIN:
            return Release(attempt.claimed.lease)
        return self._failed(attempt, error)  # the handler cancelled itself

    def _failed(self, attempt: Attempt, error: BaseException) -> Outcome | None:
        if attempt.cancelled is not None:  # it failed because it was told to stop
            return self._after_cancel(attempt, error)
        if isinstance(error, RetryJob) and error.delay_s is not None:
            delay_ms = int(error.delay_s * 1000)
        else:
            runs = attempt.claimed.retries + 1
            delay_ms = self._world.settings.retry_delay_ms(runs, self._world.random.random())
        return Retry(attempt.claimed.lease, _text(error), delay_ms)


def _text(error: BaseException) -> str:
    try:
        text = f"{type(error).__name__}: {error}"[:_ERROR_LENGTH]
    except Exception:  # noqa: BLE001 - it has no text, and must not cost more than itself
        return type(error).__name__
    return text.encode(errors="backslashreplace").decode()  # a file name may be no UTF-8


def arguments(claimed: Claimed) -> tuple[list[Any], dict[str, Any]]:
    """Positional and keyword arguments of a job; raises `ValueError` where they are unreadable."""
    args = [] if claimed.args in (None, b"[]") else json.loads(claimed.args or b"")
    encoded = claimed.kwargs if claimed.params is None else claimed.params
    kwargs = {} if encoded in (None, b"{}") else json.loads(encoded or b"")
    if not isinstance(args, list) or not isinstance(kwargs, dict):
        raise ValueError("they are not a list and an object")
    return args, kwargs
