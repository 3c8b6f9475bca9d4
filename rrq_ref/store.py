"""The store: every state transition of a job, over one async Redis client.

Each method is one script call or one command, is atomic, and may be repeated when its reply was
lost. Redis' exceptions are translated here and nowhere else.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any, cast

from redis import exceptions as redis_errors
from redis.asyncio import ConnectionPool, Redis
from redis.asyncio.retry import Retry as RedisRetry
from redis.backoff import NoBackoff

from . import keys, transitions
from .clock import Clock
from .errors import JobNotFound, StoreError, StoreRefused, StoreUnavailable
from .job import Job
from .scripts import Answer
from .settings import Settings
from .transitions import Call, Claim, EffectRefused, Finish, Lease, Outcome, WorkerCalls

#: Answers of a server that is there but cannot do it now. Redis 6.2 wraps them in script errors.
_NOT_NOW = ("LOADING", "OOM command", "READONLY", "MISCONF", "MASTERDOWN", "NOREPLICAS", "BUSY ",
            "CLUSTERDOWN", "TRYAGAIN", "max number of clients")  # fmt: skip
#: Where redis-py has a class for such an answer, it has cut that word off the text.
_NOT_NOW_ERRORS = (
    redis_errors.BusyLoadingError,
    redis_errors.ClusterDownError,
    redis_errors.OutOfMemoryError,
    redis_errors.ReadOnlyError,
    redis_errors.TryAgainError,
)


def connect(settings: Settings, **options: Any) -> Redis:
    """One pool for the process, sized from the concurrency.

    The client's own repeats are off: what may be repeated, and when, is decided above it.
    """
    pool = ConnectionPool.from_url(
        settings.redis_url,
        max_connections=settings.pool_size,
        socket_timeout=None,  # the store bounds every command itself
        socket_connect_timeout=settings.command_timeout_ms / 1000,
        retry=RedisRetry(NoBackoff(), 0),
        **options,
    )
    return Redis.from_pool(pool)


@contextmanager
def translated() -> Iterator[None]:
    """Redis' exceptions as this package's."""
    try:
        yield
    except (redis_errors.RedisError, OSError, TimeoutError) as error:
        text = f"{type(error).__name__}: {error}"
        if isinstance(error, _NOT_NOW_ERRORS) or any(sign in text for sign in _NOT_NOW):
            raise StoreRefused(text) from error
        if isinstance(error, redis_errors.ResponseError):
            raise StoreError(text) from error
        raise StoreUnavailable(text) from error


class Store:
    """Reads and changes jobs. `redis` answers in bytes (`decode_responses=False`)."""

    def __init__(self, redis: Redis, settings: Settings, *, clock: Clock | None = None) -> None:
        # Any: redis-py leaves execute_command without types.
        self.redis: Any = redis
        self.settings = settings
        self._clock = clock or Clock()

    async def aclose(self) -> None:
        await self.redis.aclose(close_connection_pool=True)

    @asynccontextmanager
    async def _answering(self, extra_s: float = 0.0) -> AsyncIterator[None]:
        limit_s = self.settings.command_timeout_ms / 1000 + extra_s
        with translated():
            async with self._clock.timeout(limit_s):
                yield

    async def run(self, calls: Sequence[Call]) -> list[Any]:
        """Send calls in one round trip and answer in their order; raises the first error.

        A server that forgot its scripts (restart, SCRIPT FLUSH) is taught them again; calls of
        the batch that had already run are repeated, which every script allows.
        """
        async with self._answering():
            try:
                return await self._send(calls)
            except redis_errors.NoScriptError:
                for script in {call.script.name: call.script for call in calls}.values():
                    await self._command("SCRIPT LOAD", script.text)
                return await self._send(calls)

    async def _send(self, calls: Sequence[Call]) -> list[Any]:
        if len(calls) == 1:
            return [await self._command(*calls[0].command())]
        async with self.redis.pipeline(transaction=False) as pipe:
            for call in calls:
                pipe.execute_command(*call.command())
            replies: list[Any] = await pipe.execute()
        return replies

    async def _command(self, *words: Any) -> Any:
        return await self.redis.execute_command(*words)

    # Jobs

    async def job(self, job_id: str) -> Job:
        """Read one job; raises `JobNotFound`."""
        found = (await self.jobs([job_id]))[0]
        if found is None:
            raise JobNotFound(f"there is no job {job_id}: never enqueued, or its TTL has passed")
        return found

    async def jobs(self, job_ids: Sequence[str]) -> list[Job | None]:
        """Read many jobs in one round trip; None where there is none (or it is no job hash)."""
        async with self._answering(), self.redis.pipeline(transaction=False) as pipe:
            for job_id in job_ids:
                pipe.hgetall(keys.job(job_id))
            stored = await pipe.execute(raise_on_error=False)
            for answer in stored:
                if isinstance(answer, Exception) and "WRONGTYPE" not in str(answer):
                    raise answer
        return [job_of(*pair) for pair in zip(job_ids, stored, strict=True)]

    async def dead(self, dlq: str, *, start: int = 0, count: int = 100) -> list[str]:
        """Ids of a dead-letter queue, newest first."""
        async with self._answering():
            found = await self._command("LRANGE", keys.dlq(dlq), start, start + count - 1)
        return [job_id.decode() for job_id in found]

    async def requeue(self, job: Job, dlq: str) -> Answer:
        """Give a dead job a new life: DONE, REPEAT (not dead), GONE or UNIQUE (key is held)."""
        return Answer((await self.run([transitions.requeue(job, dlq)]))[0].decode())

    async def sizes(self, queue: str) -> dict[str, int]:
        """Jobs `queued`, `due`, `locked` and `dead` in a queue."""
        async with self._answering(), self.redis.pipeline(transaction=False) as pipe:
            pipe.time()
            pipe.zcard(keys.queue(queue))
            pipe.zcard(keys.locks(queue))
            pipe.llen(keys.dlq(queue))
            (seconds, micros), queued, locked, dead = await pipe.execute()
            due = await self._command(
                "ZCOUNT", keys.queue(queue), "-inf", seconds * 1000 + micros // 1000
            )
        return {"queued": queued, "due": due, "locked": locked, "dead": dead}

    async def workers(self) -> list[dict[str, Any]]:
        """The health reports of the workers that are alive."""
        reports = []
        async with self._answering():
            async for key in self.redis.scan_iter(match=keys.health("*"), count=1000):
                report = await self._command("GET", key)
                if report is not None:
                    reports.append(json.loads(report))
        return sorted(reports, key=lambda report: str(report.get("worker_id")))


def job_of(job_id: str, stored: Any) -> Job | None:
    """A job from HGETALL's answer; None where the key is absent or no job."""
    if not isinstance(stored, dict) or b"status" not in stored:
        return None
    return Job.from_hash(
        job_id, {k.decode(): v.decode(errors="replace") for k, v in stored.items()}
    )


class WorkerStore(Store):
    """The store as one worker sees it: its claims, its locks, its outcomes, its health."""

    def __init__(
        self, redis: Redis, settings: Settings, worker_id: str, *, clock: Clock | None = None
    ) -> None:
        super().__init__(redis, settings, clock=clock)
        self.calls = WorkerCalls(worker_id, settings)
        self._health_key = keys.health(worker_id)
        self._claims = 0
        #: A claim may have taken jobs that we do not know of.
        self.unanswered_claim = False

    async def lock_and_pop(self, want: int) -> Claim:
        """Claim up to `want` due jobs. After a lost reply the same claim is asked for again."""
        if not self.unanswered_claim:
            self._claims += 1
        self.unanswered_claim = True
        reply = (await self.run([self.calls.claim(self._claims, want)]))[0]
        self.unanswered_claim = False
        return self.calls.claimed(reply)

    async def refresh_locks(self, leases: Sequence[Lease]) -> list[Answer]:
        """Renew locks; an answer that is not DONE is a lock that was lost."""
        reply = (await self.run([self.calls.refresh(leases)]))[0]
        return [Answer(word.decode()) for word in reply]

    async def settle(self, outcomes: Sequence[Outcome]) -> list[Answer | EffectRefused]:
        """End attempts, all in one round trip; answers in the order of `outcomes`."""
        finishes = [n for n, outcome in enumerate(outcomes) if isinstance(outcome, Finish)]
        others = [n for n, outcome in enumerate(outcomes) if not isinstance(outcome, Finish)]
        calls = [self.calls.other(cast("Any", outcomes[n])) for n in others]
        if finishes:
            calls.insert(0, self.calls.finish([cast("Finish", outcomes[n]) for n in finishes]))
        replies = await self.run(calls)
        words = [*replies.pop(0), *replies] if finishes else replies
        answers = dict(zip([*finishes, *others], words, strict=True))
        return [transitions.answer_of(answers[n]) for n in range(len(outcomes))]

    async def wait_for_hint(self, at_most_s: float) -> None:
        """Block until somebody hints that a queue is worth a look, or the time is over."""
        async with self._answering(at_most_s):
            # BLPOP takes 0 for "for ever".
            await self._command("BLPOP", *self.calls.hints, max(0.001, round(at_most_s, 3)))

    async def heartbeat(self, report: dict[str, Any]) -> None:
        """Write the health key. One command with its TTL: atomic without a script."""
        ttl_ms = self.settings.heartbeat_ttl_ms
        async with self._answering():
            await self._command("SET", self._health_key, json.dumps(report), "PX", ttl_ms)

    async def remove_heartbeat(self) -> None:
        async with self._answering():
            await self._command("DEL", self._health_key)
