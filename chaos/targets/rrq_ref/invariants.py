"""What holds in the reference's store at every instant, whatever is killed or refused.

Each function yields the rules that apply to one thing, and what contradicts them.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from rrq_ref import keys

from .seen import Key, Place, Seen, Store, Verdict

#: Days after which a dead or cancelled job expires, and the fields that an ended job must have.
_DLQ_TTL_S = 604_800
#: A script that ends a job takes the time at its beginning, and may be held up.
_HELD_UP_MS = 2_500
#: Times in a hash are whole ms; of jobs of one call each is due a microsecond after the other.
_ROUNDING_MS = 2.5
#: A worker may have a longer lock TTL than the run, but not by this factor.
_LONGER = 8
#: PTTL's answer where there is no key.
_GONE = -2
#: No job is due longer before it was enqueued: a year or so.
_LONG_AGO_MS = 4e10

_ALWAYS = frozenset(
    {
        *("id", "function_name", "job_args", "job_kwargs", "queue_name", "status", "enqueue_time"),
        *("max_retries", "job_timeout_seconds", "result_ttl_seconds", "current_retries"),
    }
)
_OF_ENDED = frozenset({"completion_time"})
_OF_DEAD = frozenset({"dead_reason", "last_error"})
#: Fields that a job has, and those that it has not, by its status.
_HAS = {
    "PENDING": _ALWAYS,
    "ACTIVE": _ALWAYS | {"worker_id", "fencing_token"},
    "RETRYING": _ALWAYS | {"last_error", "next_scheduled_run_time", "fencing_token"},
    "COMPLETED": _ALWAYS | _OF_ENDED | {"result", "worker_id", "fencing_token"},
    "FAILED": _ALWAYS | _OF_ENDED | _OF_DEAD | {"fencing_token"},
    "CANCELLED": _ALWAYS | _OF_ENDED,
}
_LIVE_LACKS = frozenset({"completion_time", "dead_reason", "result"})
_LACKS = {
    "PENDING": _LIVE_LACKS | {"worker_id", "cancel_requested"},
    "ACTIVE": _LIVE_LACKS,
    "RETRYING": _LIVE_LACKS | {"worker_id", "cancel_requested"},
    "COMPLETED": frozenset({"dead_reason"}),
    "FAILED": frozenset({"worker_id", "result"}),
    "CANCELLED": frozenset(
        {"worker_id", "cancel_requested", "next_scheduled_run_time", "dead_reason", "result"}
    ),
}
_COUNTS = (
    *("max_retries", "job_timeout_seconds", "result_ttl_seconds", "current_retries"),
    *("fencing_token", "crashes"),
)
#: How workers are named.
_WORKER = re.compile(r"rrq_worker_\d+_[0-9a-f]+")
_TIMES = ("enqueue_time", "next_scheduled_run_time", "completion_time", "cancel_requested")


def of_job(job: Seen, store: Store) -> Iterator[Verdict]:
    """The rules for one job."""
    if job.type != "hash":
        yield Verdict("entry", f"a queue or list names it, and its key is a {job.type}")
        return
    if job.status not in _HAS:
        yield Verdict("fields", f"its status is {job.status!r}")
        return
    yield Verdict("fields", _fields(job))
    yield Verdict("place", _place(job))
    yield Verdict("ttl", _ttl(job, store))
    yield Verdict("counts", _counts(job))
    yield Verdict("times", _times(job, store), timed=True)
    if job.status in ("PENDING", "RETRYING"):
        yield Verdict("due", _due(job))
    if job.status == "ACTIVE":
        yield Verdict("lease", _lease(job, store), timed=True)
    if "job_unique_key" in job.fields:
        yield Verdict("unique", _unique(job))


def _fields(job: Seen) -> str | None:
    status, there = job.status, job.fields.keys()
    if missing := _HAS[status] - there:
        return f"{status}, without {_listed(missing)}"
    if extra := _LACKS[status] & there:
        return f"{status}, with {_listed(extra)}"
    if job.unknown:
        return f"with {_listed(job.unknown)}, which no job has"
    if job.fields["id"] != job.id:
        return f"its hash says that it is {job.fields['id']}"
    return None


def _place(job: Seen) -> str | None:
    own = keys.queue_name(job.fields.get("queue_name", ""))
    for name, place in job.places.items():
        here = name == own
        wanted = Place(
            queued=0 if here and job.status in ("PENDING", "RETRYING") else None,
            locked=0 if here and job.status == "ACTIVE" else None,
            dead=1 if here and job.status == "FAILED" else 0,
        )
        for what, at, should in zip(("queued", "locked"), place[:2], wanted[:2], strict=True):
            if (at is None) != (should is None):
                return f"{job.status}, and {'' if should is None else 'not '}{what} in {name}"
        if place.dead is not None and place.dead != wanted.dead:
            return f"{job.status}, and {place.dead} times in the dead-letter queue of {name}"
    return None


def _ttl(job: Seen, store: Store) -> str | None:
    ttl_s = job.number("result_ttl_seconds") if job.status == "COMPLETED" else _DLQ_TTL_S
    if job.live or ttl_s == 0:
        return None if job.ttl_ms == -1 else f"{job.status}, and expires in {job.ttl_ms} ms"
    if job.ttl_ms < 0:
        return f"{job.status}, and never expires"
    ended = _ms(job.fields.get("completion_time"))
    kept_ms = None if ended is None else store.now_ms + job.ttl_ms - ended
    if kept_ms is None or abs(kept_ms - ttl_s * 1000) <= _HELD_UP_MS:
        return None
    return f"{job.status}, and kept for {kept_ms / 1000:.1f} s from its end on instead of {ttl_s} s"


def _counts(job: Seen) -> str | None:
    for name in _COUNTS:
        if job.number(name) < 0:
            return f"its {name} is {job.fields[name]!r}"
    retries, most = job.number("current_retries"), job.number("max_retries")
    if job.live and retries >= most:
        return f"{job.status}, with {retries} of {most} failures"
    if job.status == "RETRYING" and not retries:
        return "RETRYING, without a failure"
    if job.fields.get("dead_reason") == "retries" and retries != most:
        return f"dead of its retries, with {retries} of {most} failures"
    charged = [token for token in job.fields.get("charged", "").split(",") if token]
    if len(charged) != job.number("crashes"):
        return f"it counts {job.number('crashes')} crashes, and is charged with {charged}"
    if any(int(token) >= job.number("fencing_token") for token in charged):
        return f"charged with {charged}, and its token is {job.number('fencing_token')}"
    return None


def _times(job: Seen, store: Store) -> str | None:
    read = {name: _ms(job.fields[name]) for name in _TIMES if name in job.fields}
    for name, at in read.items():
        if at is None:
            return f"its {name} is {job.fields[name]!r}"
    enqueued = read.get("enqueue_time") or 0
    for name, at in read.items():
        past = name != "next_scheduled_run_time"
        if at is not None and (at < enqueued or (past and at > store.now_ms + 1)):
            return (
                f"its {name} is {job.fields[name]}, enqueued at {job.fields['enqueue_time']} and"
                f" looked at {_iso(store.now_ms)}"
            )
    return None


def _due(job: Seen) -> str | None:
    """A job waits for the time that its hash tells. One that was handed back is at the head."""
    score = next((p.queued for p in job.places.values() if p.queued is not None), None)
    if score is None:
        return None
    if score == 0:
        handed_back = job.status == "PENDING" and "fencing_token" in job.fields
        return None if handed_back else f"{job.status}, and due at 0"
    told = job.fields.get("next_scheduled_run_time") or job.fields.get("enqueue_time")
    if lives := history(job):
        told = told if job.status == "RETRYING" else str(lives[-1].get("requeued"))
    elif job.status == "PENDING" and "fencing_token" in job.fields:
        return f"handed back, and due at {score} instead of before all others"
    at = _ms(told)
    if at is None or 0 <= score - at <= _ROUNDING_MS:
        return None
    if told == job.fields.get("enqueue_time") and at - _LONG_AGO_MS < score < at:
        return None  # it was due before it was enqueued
    return f"{job.status}, and due at {score} instead of {told} ({at})"


def _lease(job: Seen, store: Store) -> str | None:
    expires = next((p.locked for p in job.places.values() if p.locked is not None), None)
    if expires is None:
        return None
    if not job.number("fencing_token"):
        return "locked under no token"
    latest = store.now_ms + _LONGER * store.settings.lock_ttl_ms
    earliest = _ms(job.fields.get("enqueue_time")) or 0
    if earliest <= expires <= latest:
        return None
    return f"its lock expires at {expires}, seen at {store.now_ms}"


def _unique(job: Seen) -> str | None:
    key = job.fields["job_unique_key"]
    if not job.live:
        return f"{job.status}, and holds its unique key {key}" if job.holder == job.id else None
    if job.holder != job.id:
        return f"{job.status}, and its unique key {key} names {job.holder or 'nobody'}"
    if job.holder_ttl_ms != -1:
        return f"{job.status}, and its unique key {key} expires in {job.holder_ttl_ms} ms"
    return None


# Keys and lists


def of_key(key: Key, store: Store) -> Iterator[Verdict]:
    """The rules for one key that is no job."""
    for beginning, type_, longest_ms in _kinds(store):
        if key.name.startswith(beginning):
            yield Verdict("key", _key(key, type_, beginning, store))
            # Not while its TTL is counted by a clock that has been set back.
            yield Verdict("expiry", _expiry(key, longest_ms), timed=True)
            return
    yield Verdict("key", f"a {key.type} that belongs to nothing")


def _kinds(store: Store) -> Iterator[tuple[str, str, int | None]]:
    """Keys by their beginning: their type, and how long they live; None: as long as they hold
    anything."""
    settings = store.settings
    yield keys.queue(""), "zset", None
    yield keys.locks(""), "zset", None
    yield keys.dlq(""), "list", None
    yield keys.UNIQUE, "string", None
    yield keys.wake(""), "list", 60_000
    yield keys.events(""), "stream", 60_000
    yield keys.health(""), "string", settings.health_ttl_ms
    yield keys.claim(""), "string", max(settings.lock_ttl_ms, 600_000)


def _expiry(key: Key, longest_ms: int | None) -> str | None:
    if longest_ms is None:
        return None if key.ttl_ms in (-1, _GONE) else f"it expires in {key.ttl_ms} ms"
    if key.ttl_ms == _GONE or 0 <= key.ttl_ms <= longest_ms:
        return None
    return f"its TTL is {key.ttl_ms} ms instead of at most {longest_ms} ms"


def _key(key: Key, type_: str, beginning: str, store: Store) -> str | None:
    if key.type == "none":  # it has just expired
        return None
    if key.type != type_:
        return f"a {key.type} instead of a {type_}"
    if beginning == keys.wake("") and int(key.content) > 64:
        return f"{key.content} hints"
    if beginning == keys.health(""):
        return _health(key, store)
    named = key.name.removeprefix(beginning)
    if beginning == keys.UNIQUE:
        return _holder(named, store.job(key.content))
    if beginning == keys.claim("") and not _WORKER.fullmatch(named):
        return f"there is no worker {named}"
    if beginning in (keys.queue(""), keys.locks(""), keys.dlq(""), keys.wake("")):
        return None if named in store.dead else f"there is no queue {named}"
    return None


def _holder(unique: str, holder: Seen | None) -> str | None:
    if holder is None or (holder.live and holder.fields.get("job_unique_key") == unique):
        return None
    return f"it names {holder.id}, which is {holder.status or 'gone'} and does not hold it"


def _health(key: Key, store: Store) -> str | None:
    try:
        report = json.loads(key.content)
        if keys.health(report["worker_id"]) != key.name:
            return f"it reports on {report['worker_id']}"
        if datetime.fromisoformat(report["timestamp"]).utcoffset() is None:
            return f"its timestamp {report['timestamp']} has no time zone"
        if not set(report["queues"]) <= set(store.dead):
            return f"it serves {report['queues']}"
        # A lost function may still run beside the jobs of all slots.
        busy, slots = report["active_jobs"], report["concurrency_limit"]
        if not 0 <= busy <= slots or report["status"] not in ("running", "draining"):
            return f"{busy} of {slots} slots busy, and {report['status']}"
    except (ValueError, KeyError, TypeError) as error:
        return f"it cannot be read: {error!r}"
    return None


def of_lists(store: Store) -> Iterator[Verdict]:
    """The rules for the dead-letter queues: the newest job first."""
    ended = {job.id: _ms(job.fields.get("completion_time")) for job in store.jobs}
    for name, listed in store.dead.items():
        times = [(id_, at) for id_ in listed if (at := ended.get(id_)) is not None]
        for (newer, at), (older, before) in itertools.pairwise(times):
            wrong = None if at >= before else f"in {name}, {newer} is listed before {older}"
            yield Verdict("order", wrong, timed=True)


# Words and times


def history(job: Seen) -> list[dict[str, object]]:
    """The lives of a job that were ended by a requeue, the oldest first; [] if it is unreadable."""
    try:
        lives = json.loads(job.fields.get("error_history", "[]"))
    except ValueError:
        return []
    return lives if isinstance(lives, list) else []


def _ms(text: str | None) -> float | None:
    """A time in ms since the epoch; None if it is none in UTC."""
    try:
        at = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    offset = at.utcoffset()
    return None if offset is None or offset else at.timestamp() * 1000


def _iso(ms: float) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat()


def _listed(words: Iterable[str]) -> str:
    return ", ".join(sorted(words))
