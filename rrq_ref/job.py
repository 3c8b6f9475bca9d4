"""A job as the store keeps it, and as a client hands it in."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, ClassVar, NamedTuple, Self, TypedDict

from . import keys
from .errors import Helpful, InvalidJob
from .settings import LEAST, Settings

_time = datetime.fromisoformat
_ENCODER = json.JSONEncoder(allow_nan=False, separators=(",", ":"))
_decode = json.JSONDecoder().decode
#: Finds, in JSON of `_ENCODER`, a key that may have been a number, a truth value or None.
_ODD_KEY = re.compile(r'[{,]"(?:-?\d[\d.e+-]*|true|false|null)":')
#: A job's own limits, as RRQ spells them in its hash, and the least that they may be.
_LIMITS = tuple(
    (name, name.replace("_s", "_seconds"), LEAST.get(name, 0))
    for name in ("max_retries", "job_timeout_s", "result_ttl_s")
)


#: The reasons for which a job is dead.
REASONS = ("retries", "timeout", "poison", "unknown-handler", "unreadable", "result", "effect")


class Ready(NamedTuple):
    """A job with its id, ready to be enqueued."""

    job_id: str
    due: tuple[int, int]  # as `NewJob.due` returns it
    unique_key: str  # empty if it has none
    fields: dict[str, str]  # the others of the job hash

    @property
    def size(self) -> int:
        return len(self.unique_key) + sum(map(len, self.fields.values()))

    def pending(self, since: str) -> Job:
        """The job as it is when it has been stored."""
        fields, job = self.fields, object.__new__(Job)
        vars(job).update(  # in half the time of `Job()`, which also sets what is at its default
            id=self.job_id,
            function=fields["function_name"],
            args=_decode(fields["job_args"]),
            kwargs=_decode(fields["job_kwargs"]),
            queue=fields["queue_name"],
            status=JobStatus.PENDING,
            enqueue_time=_time(since),
            max_retries=int(fields["max_retries"]),
            unique_key=self.unique_key or None,
            error_history=[],
        )
        return job


class JobStatus(StrEnum):
    """RRQ's words for the stages of a job's life."""

    PENDING = "PENDING"
    ACTIVE = "ACTIVE"
    RETRYING = "RETRYING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"  # dead-lettered
    CANCELLED = "CANCELLED"  # RRQ 0.11 only; never claimed

    @property
    def live(self) -> bool:
        """True if the job is running, or has yet to run."""
        return self in (JobStatus.PENDING, JobStatus.ACTIVE, JobStatus.RETRYING)


_STATUSES = frozenset(JobStatus)


@dataclass(frozen=True, kw_only=True)
class Job:
    """A job as the store knew it when it was read."""

    id: str
    function: str
    args: list[Any]
    kwargs: dict[str, Any]
    queue: str
    status: JobStatus
    enqueue_time: datetime | None = None
    next_run_time: datetime | None = None
    completion_time: datetime | None = None
    retries: int = 0  # failed runs so far
    max_retries: int = 0  # runs that it may have in all
    crashes: int = 0  # number of times that it lost its worker
    fencing_token: int = 0  # number of its latest attempt; 0 = never claimed
    worker_id: str | None = None
    unique_key: str | None = None
    result: Any = None
    last_error: str | None = None
    last_traceback: str | None = None  # of the handler, cut
    dead_reason: str | None = None  # one of `REASONS`
    error_history: list[dict[str, Any]]  # of lives that were requeued from the DLQ, oldest first

    @classmethod
    def from_hash(cls, job_id: str, stored: Mapping[str, str]) -> Self | None:
        """Read RRQ's hash. None if it is not a job's; an unreadable field takes its default."""
        if stored.get("status") not in _STATUSES:
            return None
        return cls(
            id=job_id,
            function=stored.get("function_name", ""),
            args=_parsed(json.loads, stored.get("job_args"), []),
            kwargs=_parsed(json.loads, stored.get("job_params", stored.get("job_kwargs")), {}),
            queue=keys.queue_name(stored.get("queue_name", "")),
            status=JobStatus(stored["status"]),
            enqueue_time=_parsed(_time, stored.get("enqueue_time")),
            next_run_time=_parsed(_time, stored.get("next_scheduled_run_time")),
            completion_time=_parsed(_time, stored.get("completion_time")),
            retries=number(stored.get("current_retries"), 0),
            max_retries=number(stored.get("max_retries"), 0),
            crashes=number(stored.get("crashes"), 0),
            fencing_token=number(stored.get("fencing_token"), 0),
            worker_id=stored.get("worker_id"),
            unique_key=stored.get("job_unique_key"),
            result=_parsed(json.loads, stored.get("result")),
            last_error=stored.get("last_error"),
            last_traceback=stored.get("last_traceback"),
            dead_reason=stored.get("dead_reason"),
            error_history=[
                life
                for life in _parsed(json.loads, stored.get("error_history"), [])
                if isinstance(life, dict)
            ],
        )


def _parsed(parse: Callable[[str], Any], text: str | None, default: Any = None) -> Any:
    try:
        found = default if text is None else parse(text)
    except (ValueError, RecursionError):
        return default
    return found if default is None or isinstance(found, type(default)) else default


def number(text: str | bytes | None, default: int) -> int:
    """A whole number from a job hash; the default if it is absent or damaged."""
    try:
        found = int(float(text or "absent"))
    except (ValueError, OverflowError):
        return default
    return found if abs(found) < 10**12 else default


class Options(TypedDict, total=False):
    """The options of an enqueue for type checkers, the same as those of `NewJob`."""

    kwargs: Mapping[str, Any] | None
    queue: str | None
    job_id: str | None
    unique_key: str | None
    max_retries: int | None
    job_timeout_s: int | None
    result_ttl_s: int | None
    defer_until: datetime | None
    defer_by: timedelta | None


@dataclass(slots=True, kw_only=True)  # frozen, it would take twice the time to make
class NewJob(Helpful):
    """One job to enqueue. An option that is None takes the client's setting."""

    _complaint: ClassVar = InvalidJob

    function: str
    args: Sequence[Any] = ()
    kwargs: Mapping[str, Any] | None = None
    queue: str | None = None
    job_id: str | None = None  # enqueued twice with the same id, it is one job
    unique_key: str | None = None  # at most one live job per key
    max_retries: int | None = None  # runs in all, the first included
    job_timeout_s: int | None = None
    result_ttl_s: int | None = None  # 0 keeps the result for ever
    defer_until: datetime | None = None  # with a time zone
    defer_by: timedelta | None = None  # counted from the server's now

    def due(self) -> tuple[int, int]:
        """The due time in ms since the epoch, or 0; and the delay in ms from the server's now."""
        if self.defer_until is None:
            delay_s = self.defer_by.total_seconds() if self.defer_by is not None else 0
            return 0, max(0, int(delay_s * 1000))
        if self.defer_by is not None:
            raise InvalidJob("defer_until and defer_by are both given; give one of them")
        if self.defer_until.utcoffset() is None:
            text = "give an aware datetime, for example datetime.now(UTC) + timedelta(minutes=5)"
            raise InvalidJob(f"defer_until {self.defer_until} has no time zone; {text}")
        return max(1, int(self.defer_until.timestamp() * 1000)), 0

    def ready(self, settings: Settings) -> Ready:
        """Check the job, give it an id, and write it as the store keeps it. Raises `InvalidJob`."""
        fields = self._fields(settings)
        return Ready(self.job_id or _new_id(), self.due(), self.unique_key or "", fields)

    def _fields(self, settings: Settings) -> dict[str, str]:
        if not self.function:
            raise InvalidJob("the function name is empty; name a handler")
        for name in ("function", "job_id", "queue", "unique_key"):
            given = getattr(self, name)
            if given is None and name != "function":
                continue
            if not isinstance(given, str) or not _is_valid(given):
                raise InvalidJob(f"{name} is {given!r}; give valid text")
            if not (keys.queue_name(given) if name == "queue" else given):
                raise InvalidJob(f"{name} is {given!r}, which is empty; leave it out, or name one")
        if self.kwargs is not None and not isinstance(self.kwargs, Mapping):
            raise InvalidJob(f"kwargs is {self.kwargs!r}; give names and values")
        args = list(self.args)
        stored = {
            "function_name": self.function,
            "job_args": encode(args, "args") if args else "[]",
            "job_kwargs": encode(dict(self.kwargs), "kwargs") if self.kwargs else "{}",
            "queue_name": keys.queue_name(self.queue or settings.queues[0]),
        }
        for name, field, least in _LIMITS:
            given = getattr(self, name)
            if given is not None and (type(given) is not int or given < least):
                raise InvalidJob(f"{name} is {given!r}; give a whole number of at least {least}")
            stored[field] = str(getattr(settings, name) if given is None else given)
        return stored


def _new_id() -> str:
    """A random UUID (version 4), as `uuid.uuid4` makes it, in a third of the time."""
    digits = os.urandom(16).hex()
    variant = "89ab"[int(digits[16], 16) & 3]
    parts = (digits[:8], digits[8:12], "4" + digits[13:16], variant + digits[17:20], digits[20:])
    return "-".join(parts)


def _is_valid(text: str) -> bool:
    """False for text that is not UTF-8: one with half of a surrogate pair."""
    return text.isascii() or text == text.encode(errors="ignore").decode()


def encode(value: Any, what: str) -> str:
    """Encode a value as the JSON that the store keeps.

    Raises `InvalidJob` if `value` has no JSON, and anything that the value's own code raises. Keys
    that are not strings are written as JSON (and RRQ) spells them: `{1: …}` as `{"1": …}`. If that
    would lose a value, as in `{1: …, "1": …}`, it is refused.
    """
    try:
        text = "null" if value is None else _ENCODER.encode(value)
        if "{" in text and _ODD_KEY.search(text):  # rarely, so few values are parsed again
            json.loads(text, object_pairs_hook=_without_twins)
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidJob(f"the {what} cannot be written as JSON: {error}") from error
    return text


def _without_twins(pairs: list[tuple[str, Any]]) -> None:
    if len(dict(pairs)) < len(pairs):
        raise ValueError("two keys of one object would be the same; use strings as keys")
