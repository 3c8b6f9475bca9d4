"""A job as it is stored, and as a client hands it in."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Self

from . import keys
from .errors import InvalidJob
from .settings import Settings


class JobStatus(StrEnum):
    """RRQ's words for where a job is in its life."""

    PENDING = "PENDING"
    ACTIVE = "ACTIVE"
    RETRYING = "RETRYING"
    COMPLETED = "COMPLETED"
    #: Dead-lettered.
    FAILED = "FAILED"
    #: RRQ 0.11 only; never claimed.
    CANCELLED = "CANCELLED"

    @property
    def live(self) -> bool:
        """Whether the job has still to be run, or is running."""
        return self in (JobStatus.PENDING, JobStatus.ACTIVE, JobStatus.RETRYING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What the store knew of a job when it was read."""

    id: str
    function: str
    args: list[Any]
    kwargs: dict[str, Any]
    queue: str
    status: JobStatus
    enqueue_time: datetime | None = None
    next_run_time: datetime | None = None
    completion_time: datetime | None = None
    #: Failed runs so far, and the most there may be.
    retries: int = 0
    max_retries: int = 0
    #: Times it lost its worker.
    crashes: int = 0
    #: Number of the latest attempt; 0 = never claimed.
    fencing_token: int = 0
    worker_id: str | None = None
    unique_key: str | None = None
    result: Any = None
    last_error: str | None = None
    #: Why it is dead: retries, timeout, poison, unknown-handler, unreadable, result, effect.
    dead_reason: str | None = None
    #: The errors of lives that ended in the DLQ and were requeued, oldest first.
    error_history: list[dict[str, Any]]

    @classmethod
    def from_hash(cls, job_id: str, stored: Mapping[str, str]) -> Self | None:
        """Read RRQ's hash; None where it is no job's. What is absent or unreadable in it is left
        at its default."""
        if stored.get("status") not in set(JobStatus):
            return None
        return cls(
            id=job_id,
            function=stored.get("function_name", ""),
            args=_json(stored.get("job_args"), []),
            kwargs=_json(stored.get("job_kwargs"), {}) or _json(stored.get("job_params"), {}),
            queue=keys.queue_name(stored.get("queue_name", "")),
            status=JobStatus(stored["status"]),
            enqueue_time=_time(stored.get("enqueue_time")),
            next_run_time=_time(stored.get("next_scheduled_run_time")),
            completion_time=_time(stored.get("completion_time")),
            retries=number(stored.get("current_retries"), 0),
            max_retries=number(stored.get("max_retries"), 0),
            crashes=number(stored.get("crashes"), 0),
            fencing_token=number(stored.get("fencing_token"), 0),
            worker_id=stored.get("worker_id"),
            unique_key=stored.get("job_unique_key"),
            result=_json(stored.get("result"), None),
            last_error=stored.get("last_error"),
            dead_reason=stored.get("dead_reason"),
            error_history=_json(stored.get("error_history"), []),
        )


def _json(text: str | None, default: Any) -> Any:
    try:
        return default if text is None else json.loads(text)
    except ValueError:
        return default


def _time(text: str | None) -> datetime | None:
    try:
        return None if text is None else datetime.fromisoformat(text)
    except ValueError:
        return None


def number(text: str | bytes | None, default: int) -> int:
    """A whole number from a job hash; the default where it is absent or damaged."""
    try:
        found = int(float(text or "absent"))
    except (ValueError, OverflowError):
        return default
    return found if abs(found) < 10**12 else default


@dataclass(frozen=True, slots=True, kw_only=True)
class NewJob:
    """One job to enqueue. What is None takes the client's settings.

    `job_id` given twice is one job; `unique_key` allows one live job per key.
    `defer_until` is an aware datetime, `defer_by` a time from the server's now.
    `max_retries` counts runs in all; `result_ttl_s` 0 keeps the result for ever.
    """

    function: str
    args: Sequence[Any] = ()
    kwargs: Mapping[str, Any] | None = None
    queue: str | None = None
    job_id: str | None = None
    unique_key: str | None = None
    max_retries: int | None = None
    job_timeout_s: int | None = None
    result_ttl_s: int | None = None
    defer_until: datetime | None = None
    defer_by: timedelta | None = None

    def due(self) -> tuple[int, int]:
        """(due time in ms since the epoch or 0, delay in ms from the server's now)."""
        if self.defer_until is not None and self.defer_by is not None:
            raise InvalidJob("defer_until and defer_by are both given; give one of them")
        if self.defer_by is not None:
            return 0, max(0, int(self.defer_by.total_seconds() * 1000))
        if self.defer_until is None:
            return 0, 0
        if self.defer_until.utcoffset() is None:
            raise InvalidJob(
                f"defer_until {self.defer_until} has no time zone; give an aware datetime,"
                " for example datetime.now(UTC) + timedelta(minutes=5)"
            )
        return max(1, int(self.defer_until.timestamp() * 1000)), 0

    def fields(self, settings: Settings) -> dict[str, str]:
        """What the job hash says of it; raises `InvalidJob`."""
        if not self.function:
            raise InvalidJob("the function name is empty; name a handler")
        for name in ("function", "job_id", "queue", "unique_key"):
            try:
                (getattr(self, name) or "").encode()
            except (AttributeError, UnicodeEncodeError):
                raise InvalidJob(f"{name} is {getattr(self, name)!r}; give valid text") from None
        if not isinstance(self.kwargs, Mapping | None):
            raise InvalidJob(f"kwargs is {self.kwargs!r}; give names and values")
        stored = {
            "function_name": self.function,
            "job_args": encode(list(self.args), "args"),
            "job_kwargs": encode(dict(self.kwargs or {}), "kwargs"),
            "queue_name": keys.queue_name(self.queue or settings.queues[0]),
            "max_retries": _given(self.max_retries, settings.max_retries, "max_retries", 1),
            "job_timeout_seconds": _given(
                self.job_timeout_s, settings.job_timeout_s, "job_timeout_s", 1
            ),
            "result_ttl_seconds": _given(
                self.result_ttl_s, settings.result_ttl_s, "result_ttl_s", 0
            ),
        }
        if self.unique_key is not None:
            stored["job_unique_key"] = self.unique_key
        return stored


def _given(value: int | None, default: int, name: str, least: int) -> str:
    if value is None:
        return str(default)
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise InvalidJob(f"{name} is {value!r}; give a whole number of at least {least}")
    return str(value)


def encode(value: Any, what: str) -> str:
    """JSON as the store keeps it; raises `InvalidJob` when `value` has none."""
    if value is None:
        return "null"
    try:
        return json.dumps(value, allow_nan=False, separators=(",", ":"))
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidJob(f"the {what} cannot be written as JSON: {error}") from error
