"""Reads what the reference has left in Redis: every job, every effect, every key and its owner."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from chaos.history.events import (
    Final,
    FinalDlq,
    FinalEffect,
    FinalJob,
    FinalKey,
    FinalLock,
    FinalQueue,
    State,
)
from chaos.targets import Sight, WorkerSettings
from rrq_ref import keys

from .settings import EFFECTS
from .state import Looker

_STATES: Mapping[str, State] = {
    "PENDING": "queued",
    "ACTIVE": "active",
    "RETRYING": "retrying",
    "COMPLETED": "completed",
    "FAILED": "dead",
    "CANCELLED": "dead",
}
_LIVE = ("queued", "active", "retrying")
_BATCH = 1_000
#: PTTL's answer where there is no key; it is -1 where one has no TTL.
_ABSENT = -2
#: Limit for one answer of the server.
_LIMIT_S = 5.0
#: Keys by their beginning. A longer beginning stands before a shorter one.
_KINDS = {
    keys.JOB: "job",
    keys.events(""): "hint",
    keys.UNIQUE: "unique",
    keys.health(""): "health",
    keys.queue(""): "queue",
    keys.dlq(""): "dlq",
    keys.locks(""): "lock",
    keys.wake(""): "hint",
    keys.claim(""): "hint",
}


class RrqInspector:
    """Looks at one queue, and at the list of effects that its jobs were told to push to."""

    def __init__(
        self, url: str, queue: str, effects: str, settings: WorkerSettings | None = None
    ) -> None:
        # Any: redis-py types answers as bytes or text; these are text.
        # A server under test closes connections, and must not hold up the rig for long.
        self._client: Any = redis.Redis.from_url(
            url, decode_responses=True, socket_timeout=_LIMIT_S, retry=Retry(NoBackoff(), 2)
        )
        self._queue = queue
        self._effects = effects
        self._looker = Looker(url, settings or WorkerSettings(queue=queue))

    def backlog(self) -> int:
        # In one step: a job that is handed back between two of them would be in neither.
        with self._client.pipeline(transaction=True) as pipe:
            for key in (keys.queue, keys.locks):
                pipe.zcard(key(self._queue))
            return sum(pipe.execute())

    def dead_lettered(self) -> int:
        return int(self._client.llen(keys.dlq(self._queue)))

    def health(self, workers: Sequence[str]) -> dict[str, int | None]:
        with self._client.pipeline(transaction=False) as pipe:
            for worker in workers:
                pipe.pttl(keys.health(worker))
            left = pipe.execute()
        return {w: None if ms == _ABSENT else ms for w, ms in zip(workers, left, strict=True)}

    def final_state(self, jobs: Iterable[str]) -> Iterator[Final]:
        client, queue = self._client, self._queue
        states: dict[str, str] = {}
        rest = iter(jobs)
        while batch := list(itertools.islice(rest, _BATCH)):
            for job, stored in zip(batch, _hashes(client, batch), strict=True):
                state = _STATES.get(stored.get("status", ""), "missing")
                states[job] = state
                retries = int(stored.get("current_retries", 0))
                yield FinalJob(job=job, state=state, retries=retries)
        for entry in client.lrange(self._effects, 0, -1):
            job, _, token = entry.rpartition(":")
            yield FinalEffect(job=job, token=int(token))
        for entry, jobs_there in (
            (FinalQueue, client.zrange(keys.queue(queue), 0, -1)),
            (FinalLock, client.zrange(keys.locks(queue), 0, -1)),
            (FinalDlq, client.lrange(keys.dlq(queue), 0, -1)),
        ):
            for job in jobs_there:
                yield entry(queue=queue, job=job)
        found = client.scan_iter(match="rrq:*", count=_BATCH)
        while batch := list(itertools.islice(found, _BATCH)):
            yield from _keys(client, batch, states)

    def clean(self) -> None:
        self._client.delete(self._effects)
        for key in self._client.scan_iter(match="rrq:*", count=_BATCH):
            self._client.delete(key)

    def look(self) -> Sight:
        return self._looker.look()

    def close(self) -> None:
        self._client.close()
        self._looker.close()


def inspector(url: str, settings: WorkerSettings) -> RrqInspector:
    """The inspector of a run."""
    return RrqInspector(url, settings.queue, EFFECTS, settings)


def _hashes(client: Any, jobs: list[str]) -> list[Mapping[str, str]]:
    with client.pipeline(transaction=False) as pipe:
        for job in jobs:
            pipe.hgetall(keys.job(job))
        found = pipe.execute(raise_on_error=False)
    # Something else than a hash under the job's key is no job.
    return [stored if isinstance(stored, dict) else {} for stored in found]


def _keys(client: Any, names: list[str], states: Mapping[str, str]) -> Iterator[Final]:
    with client.pipeline(transaction=False) as pipe:
        for name in names:
            pipe.pttl(name)
        ttls = pipe.execute()
    for name, ttl_ms in zip(names, ttls, strict=True):
        beginning = next((b for b in _KINDS if name.startswith(b)), "")
        kind = _KINDS.get(beginning, "other")
        owner = _owner(client, kind, name, name.removeprefix(beginning), states)
        yield FinalKey(key=name, kind=kind, ttl_ms=ttl_ms, owner=owner)


def _owner(client: Any, kind: str, key: str, rest: str, states: Mapping[str, str]) -> str | None:
    """The owner of a key: the job of a hash, the live job of a unique key, the jobs of a list."""
    if kind == "job":
        return rest if states.get(rest) in (*_LIVE, "dead") else None
    if kind == "unique":
        holder = client.get(key)
        return holder if states.get(holder or "") in _LIVE else None
    if kind in ("queue", "lock", "dlq"):  # their entries are looked at one by one
        return rest
    return None
