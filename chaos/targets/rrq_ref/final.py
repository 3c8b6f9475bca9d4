"""Reads what the reference has left in Redis: every job, every effect, every key and its owner."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from chaos.history.events import Final, FinalDlq, FinalJob, FinalKey, FinalLock, FinalQueue, State
from chaos.jobs import digest, digest_of_arguments
from chaos.targets import Sight, WorkerSettings
from rrq_ref import keys

from . import effects
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
#: TTL of what `damage` leaves behind.
_RUBBISH_MS = 60_000
#: A job that is due later than this is none that a run waits for.
_SOON_MS = 60_000
#: Arguments of the rig's own handlers, which no job is compared by.
_OWN = ("plan", "effects")
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
    """Looks at the queues of a run, and at the effects of its jobs."""

    def __init__(self, url: str, settings: WorkerSettings) -> None:
        # Any: redis-py types answers as bytes or text; these are text.
        # A server under test closes connections, and must not hold up the rig for long.
        self._client: Any = redis.Redis.from_url(
            url, decode_responses=True, socket_timeout=_LIMIT_S, retry=Retry(NoBackoff(), 2)
        )
        self._queues = settings.queues
        self._looker = Looker(url, settings)

    def backlog(self) -> int:
        seconds, us = self._client.time()
        soon = seconds * 1000 + us // 1000 + _SOON_MS
        # In one step: a job that is handed back between two of them would be in neither.
        with self._client.pipeline(transaction=True) as pipe:
            for queue in self._queues:
                pipe.zcount(keys.queue(queue), "-inf", soon)
                pipe.zcard(keys.locks(queue))
            return sum(pipe.execute())

    def dead_lettered(self) -> int:
        return sum(self._client.llen(keys.dlq(queue)) for queue in self._queues)

    def damage(self, job: str, how: str) -> None:
        key = keys.job(job)
        match how:
            case "delete":
                self._client.delete(key)
            case "expire":
                self._client.pexpire(key, 1)
            case "empty":
                self._client.hdel(key, "status")
                self._client.pexpire(key, _RUBBISH_MS)
            case "overwrite":
                self._client.set(key, "no job", px=_RUBBISH_MS)

    def health(self, workers: Sequence[str]) -> dict[str, int | None]:
        with self._client.pipeline(transaction=False) as pipe:
            for worker in workers:
                pipe.pttl(keys.health(worker))
            left = pipe.execute()
        return {w: None if ms == _ABSENT else ms for w, ms in zip(workers, left, strict=True)}

    def final_state(self, jobs: Iterable[str]) -> Iterator[Final]:
        client = self._client
        states: dict[str, str] = {}
        for job in self._jobs(dict.fromkeys(jobs)):
            states[job.job] = job.state
            yield job
        yield from effects.found(client)
        yield from self._entries()
        found = client.scan_iter(match="rrq:*", count=_BATCH)
        while batch := list(itertools.islice(found, _BATCH)):
            unasked = [name.removeprefix(keys.JOB) for name in batch if name.startswith(keys.JOB)]
            for job in self._jobs(name for name in unasked if name not in states):
                states[job.job] = job.state
                yield job
            yield from _keys(client, batch, states)

    def _entries(self) -> Iterator[Final]:
        places = itertools.product(self._queues, (FinalQueue, FinalLock, FinalDlq))
        with self._client.pipeline(transaction=False) as pipe:
            for queue in self._queues:
                pipe.zrange(keys.queue(queue), 0, -1)
                pipe.zrange(keys.locks(queue), 0, -1)
                pipe.lrange(keys.dlq(queue), 0, -1)
            found = pipe.execute()
        for (queue, entry), there in zip(places, found, strict=True):
            yield from (entry(queue=queue, job=job) for job in there)

    def _jobs(self, jobs: Iterable[str]) -> Iterator[FinalJob]:
        rest = iter(jobs)
        while batch := list(itertools.islice(rest, _BATCH)):
            for job, stored in zip(batch, _hashes(self._client, batch), strict=True):
                yield _final_job(job, stored)

    def clean(self) -> None:
        effects.clean(self._client)
        found = self._client.scan_iter(match="rrq:*", count=_BATCH)
        while batch := list(itertools.islice(found, _BATCH)):
            self._client.delete(*batch)

    def look(self) -> Sight:
        return self._looker.look()

    def close(self) -> None:
        self._client.close()
        self._looker.close()


def inspector(url: str, settings: WorkerSettings) -> RrqInspector:
    """The inspector of a run."""
    return RrqInspector(url, settings)


def _final_job(job: str, stored: Mapping[str, str]) -> FinalJob:
    state = _STATES.get(stored.get("status", ""), "missing")
    if state == "missing":
        return FinalJob(job=job, state=state)
    return FinalJob(
        job=job,
        state=state,
        retries=int(stored.get("current_retries", 0)),
        crashes=int(stored.get("crashes", 0)),
        queue=keys.queue_name(stored.get("queue_name", "")),
        arguments=_arguments(stored),
        result=_read(lambda: digest(json.loads(stored["result"])))
        if state == "completed"
        else None,
    )


def _arguments(stored: Mapping[str, str]) -> str:
    def told() -> str:
        named = json.loads(stored["job_kwargs"])
        given = {name: value for name, value in named.items() if name not in _OWN}
        return digest_of_arguments([*json.loads(stored["job_args"])], given)

    return _read(told)


def _read(what: Callable[[], str]) -> str:
    """A digest, or the reason why there is none."""
    try:
        return what()
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        return f"unreadable: {error}"


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
        return rest if states.get(rest, "missing") != "missing" else None
    if kind == "unique":
        holder = client.get(key)
        return holder if states.get(holder or "") in _LIVE else None
    if kind in ("queue", "lock", "dlq"):  # their entries are looked at one by one
        return rest
    return None
