"""The whole database as plain values, and a check of it against the model in `rrq_ref.keys`."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from redis import Redis

from rrq_ref import keys
from rrq_ref.job import JobStatus

Dump = Mapping[str, "Stored"]


@dataclass(frozen=True, slots=True)
class Stored:
    """One key. Only the presence of a TTL is compared, because it runs while we look."""

    kind: str
    value: Any
    has_ttl: bool


class Database:
    """A look at the whole database that bypasses the code under test."""

    def __init__(self, redis: Redis) -> None:
        # Any: redis-py's commands answer "a value or an awaitable".
        self.redis: Any = redis

    def dump(self) -> Dump:
        names = sorted(self.redis.keys("*"))
        with self.redis.pipeline(transaction=False) as pipe:
            for key in names:
                pipe.type(key).pttl(key)
            about = pipe.execute()
            for key, kind in zip(names, about[::2], strict=True):
                _read(pipe, key, kind.decode())
            values = pipe.execute()
        return {
            _text(key): Stored(kind.decode(), _plain(value), ttl >= 0)
            for key, kind, ttl, value in zip(names, about[::2], about[1::2], values, strict=True)
        }

    def job(self, job_id: str) -> dict[str, str]:
        return {_text(k): _text(v) for k, v in self.redis.hgetall(keys.job(job_id)).items()}

    def queued(self, name: str = "default") -> list[str]:
        return [_text(job_id) for job_id in self.redis.zrange(keys.queue(name), 0, -1)]

    def locked(self, name: str = "default") -> list[str]:
        return [_text(job_id) for job_id in self.redis.zrange(keys.locks(name), 0, -1)]

    def dead(self, name: str = "default") -> list[str]:
        return [_text(job_id) for job_id in self.redis.lrange(keys.dlq(name), 0, -1)]

    def now_ms(self) -> float:
        """The time of the server's clock, which decides everything."""
        seconds, micros = self.redis.time()
        return float(seconds * 1000 + micros / 1000)

    def expire_lock(self, job_id: str, name: str = "default") -> None:
        """Test-only lever: make a job's lock one that expired long ago."""
        self.redis.zadd(keys.locks(name), {job_id: 1}, xx=True)

    def make_due(self, job_id: str, name: str = "default") -> None:
        """Test-only lever: make a job that waits in its queue due."""
        self.redis.zadd(keys.queue(name), {job_id: 1}, xx=True)

    @contextmanager
    def untouched(self) -> Iterator[None]:
        """Assert that the block writes nothing at all, not even a value that was there before."""
        before, writes = self.dump(), self._writes()
        yield
        assert self.dump() == before
        assert self._writes() == writes, "something was written, though with the same value"

    def _writes(self) -> int:
        return int(self.redis.info("persistence")["rdb_changes_since_last_save"])


def _read(pipe: Any, key: bytes, kind: str) -> None:
    match kind:
        case "hash":
            pipe.hgetall(key)
        case "zset":
            pipe.zrange(key, 0, -1, withscores=True)
        case "list":
            pipe.lrange(key, 0, -1)
        case "string":
            pipe.get(key)
        case _:
            pipe.dump(key)


def _plain(value: Any) -> Any:
    match value:
        case bytes():
            return _text(value)
        case dict():
            return {_text(field): _text(text) for field, text in value.items()}
        case [[_, _], *_]:  # a sorted set's members with their scores
            return {_text(member): score for member, score in value}
        case list():
            return [_text(entry) for entry in value]
    return value


def _text(raw: bytes) -> str:
    return raw.decode(errors="backslashreplace")


def problems(dump: Dump, allowed: Iterable[str] = ()) -> list[str]:
    """All keys that have no owner or break the data model, one sentence for each.

    Keys that match a pattern of `allowed` are the test's own.
    """
    found = []
    for key, stored in dump.items():
        if not any(fnmatch.fnmatchcase(key, pattern) for pattern in allowed):
            found += [f"{key}: {problem}" for problem in _problems(key, stored, dump)]
    return found


def _problems(key: str, stored: Stored, dump: Dump) -> Iterator[str]:
    for prefix, check in (
        (keys.unique(""), _unique),
        (keys.job(""), _job),
        (keys.events(""), _passing),
        (keys.queue(""), _queue),
        (keys.locks(""), _locks),
        (keys.dlq(""), _dlq),
        (keys.wake(""), _passing),
        (keys.claim(""), _passing),
        (keys.health(""), _passing),
    ):
        if key.startswith(prefix):
            yield from check(key.removeprefix(prefix), stored, dump)
            return
    yield "the data model does not know this key"


def _hash(job_id: str, dump: Dump) -> Mapping[str, str]:
    stored = dump.get(keys.job(job_id))
    return stored.value if stored is not None and stored.kind == "hash" else {}


def _live(fields: Mapping[str, str]) -> bool:
    return "status" in fields and JobStatus(fields["status"]).live


def _unique(name: str, stored: Stored, dump: Dump) -> Iterator[str]:
    fields = _hash(stored.value, dump)
    if not _live(fields):
        yield f"held by {stored.value}, which is not a live job"
    elif fields.get("job_unique_key") != name:
        yield f"held by {stored.value}, which did not ask for it"


def _job(job_id: str, stored: Stored, dump: Dump) -> Iterator[str]:
    if stored.kind != "hash":
        yield f"a {stored.kind}, not a hash"
        return
    fields = stored.value
    name = fields.get("queue_name", "")
    queue, locks = dump.get(keys.queue(name)), dump.get(keys.locks(name))
    places = [
        word
        for word, place in (("queue", queue), ("locks", locks))
        if place is not None and job_id in place.value
    ]
    wanted = {"PENDING": ["queue"], "RETRYING": ["queue"], "ACTIVE": ["locks"]}
    if places != wanted.get(fields["status"], []):
        yield f"{fields['status']}, but in {places or 'no place'}"
    if ("worker_id" in fields) != (fields["status"] in ("ACTIVE", "COMPLETED")):
        yield f"{fields['status']}, worker_id {fields.get('worker_id')}"
    if _live(fields) and stored.has_ttl:
        yield "live, but it will expire"
    kept = fields["status"] == "COMPLETED" and int(fields.get("result_ttl_seconds", 1)) <= 0
    if not _live(fields) and not stored.has_ttl and not kept:
        yield "ended, but it stays for ever"
    dlq = dump.get(keys.dlq(name))
    listed = dlq.value.count(job_id) if dlq is not None else 0
    if listed != (fields["status"] == "FAILED"):
        yield f"{fields['status']}, but {listed} times in the dead-letter queue"


def _queue(_: str, stored: Stored, dump: Dump) -> Iterator[str]:
    for job_id in stored.value:
        if _hash(job_id, dump).get("status") not in ("PENDING", "RETRYING"):
            yield f"{job_id} is not a waiting job"


def _locks(_: str, stored: Stored, dump: Dump) -> Iterator[str]:
    for job_id in stored.value:
        if _hash(job_id, dump).get("status") != "ACTIVE":
            yield f"{job_id} is not a running job"


def _dlq(_: str, stored: Stored, dump: Dump) -> Iterator[str]:
    for job_id in stored.value:
        if _hash(job_id, dump).get("status") != "FAILED":
            yield f"{job_id} is not a dead job"


def _passing(_: str, stored: Stored, dump: Dump) -> Iterator[str]:
    if not stored.has_ttl:
        yield "has no TTL"
