"""The reference's store at one instant, and what is wrong in it.

`look.lua` reads a part of it in one step, and another part the next time. `invariants.py` says
what must hold at every instant, `changes.py` what may become of a job between two looks.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from importlib.resources import files
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from chaos.targets import Finding, Sight, WorkerSettings

from . import changes, invariants
from .seen import Key, Place, Seen, Store, Verdict

#: Limit for one answer of the server.
_LIMIT_S = 1.0
#: Keys of one look, about, and entries of each queue or list.
_KEYS, _ENTRIES = 150, 40
#: Jobs whose last state is remembered.
_REMEMBERED = 20_000


class Looker:
    """Looks again and again, and remembers what it saw last."""

    def __init__(self, url: str, settings: WorkerSettings) -> None:
        # It must not hold up the rig, and has to hear of a server that may have lost something: a
        # pool would connect anew and say nothing.
        self._client: Any = redis.Redis.from_url(
            url,
            socket_timeout=_LIMIT_S,
            socket_connect_timeout=_LIMIT_S,
            retry=Retry(NoBackoff(), 0),
            single_connection_client=True,
        )
        self._script = (files(__package__) / "look.lua").read_text("utf-8")
        self._settings = settings
        self._queues = settings.queues
        self._cursor = b"0"
        self._before: dict[str, Seen] = {}

    def look(self) -> Sight:
        """Look at the next part of the store."""
        try:
            store = self._read()
        except redis.RedisError:
            self._before.clear()  # it may be another server now, or one that lost something
            self._cursor = b"0"
            raise
        counts: Counter[str] = Counter()
        findings = []
        for job, key, (rule, wrong, timed) in self._judged(store):
            counts[rule] += 1
            if wrong is not None:
                findings.append(Finding(rule=rule, seen=wrong, job=job, key=key, timed=timed))
        if len(self._before) > _REMEMBERED:
            self._before.clear()
        self._before.update((job.id, job) for job in store.jobs)
        return Sight(looked_at=counts, findings=findings, whole=self._cursor == b"0")

    def _judged(self, store: Store) -> Iterator[tuple[str | None, str | None, Verdict]]:
        for job in store.jobs:
            for verdict in invariants.of_job(job, store):
                yield job.id, None, verdict
            if (before := self._before.get(job.id)) is not None:
                for verdict in changes.between(before, job):
                    yield job.id, None, verdict
        for key in store.keys:
            for verdict in invariants.of_key(key, store):
                yield None, key.name, verdict
        for verdict in invariants.of_lists(store):
            yield None, None, verdict

    def _read(self) -> Store:
        words = (self._cursor, _KEYS, _ENTRIES, *self._queues)
        now, self._cursor, jobs, keys, dead = self._client.eval(self._script, 0, *words)
        return Store(
            now_ms=int(now),
            settings=self._settings,
            jobs=[_seen(raw, self._queues) for raw in jobs],
            keys=[_key(*raw) for raw in keys],
            dead={name: [*map(_text, ids)] for name, ids in zip(self._queues, dead, strict=True)},
        )

    def close(self) -> None:
        self._client.close()


_FIELDS = (
    *("id", "status", "queue_name", "function_name", "enqueue_time", "max_retries"),
    *("job_timeout_seconds", "result_ttl_seconds", "job_unique_key", "current_retries"),
    *("next_scheduled_run_time", "fencing_token", "worker_id", "crashes", "charged", "acquitted"),
    *("dead_reason", "completion_time", "cancel_requested", "awaited", "job_args", "job_kwargs"),
    *("result", "last_error", "last_traceback", "error_history"),
)


def _key(name: bytes, type_: bytes, ttl_ms: int, content: bytes) -> Key:
    return Key(_text(name), _text(type_), ttl_ms, _text(content))


def _seen(raw: Any, queues: Sequence[str]) -> Seen:
    id_, type_, ttl_ms, places, values, unknown, holder, holder_ttl_ms = raw
    fields = zip(_FIELDS, values, strict=False)
    return Seen(
        id=_text(id_),
        type=_text(type_),
        ttl_ms=ttl_ms,
        places={name: _place(*place) for name, place in zip(queues, places, strict=True)},
        fields={name: _text(value) for name, value in fields if value is not None},
        unknown=[_text(name) for name in unknown],
        holder=None if holder is None else _text(holder),
        holder_ttl_ms=holder_ttl_ms,
    )


def _place(queued: bytes | None, locked: bytes | None, dead: int | None) -> Place:
    return Place(
        queued=None if queued is None else float(queued),
        locked=None if locked is None else float(locked),
        dead=dead,
    )


def _text(raw: bytes) -> str:
    return raw.decode(errors="backslashreplace")
