"""The store: every state transition of a job, over one Redis client.

Each method is one script call or one command, is atomic, and may be repeated when its reply was
lost. Redis' exceptions are translated here and nowhere else.
"""

import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import chain
from typing import Any

import redis as plain
from redis import exceptions as redis_errors
from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry as AsyncRetry
from redis.backoff import NoBackoff
from redis.retry import Retry as PlainRetry

from . import keys, scripts
from .clock import Clock
from .errors import JobNotFound, StoreError, StoreRefused, StoreUnavailable
from .job import Job, NewJob, number
from .scripts import Answer
from .settings import Settings
from .transitions import Bury, Claim, Claimed, EffectRefused, Finish, Lease, Outcome, Release, Retry

#: A command and its arguments.
Command = tuple[Any, ...]

#: Answers of a server that is there but cannot do it now. Redis 6.2 wraps them in script errors.
_NOT_NOW = ("LOADING", "OOM command", "READONLY", "MISCONF", "MASTERDOWN", "NOREPLICAS", "BUSY ",
            "CLUSTERDOWN", "TRYAGAIN", "max number of clients")  # fmt: skip
#: Where redis-py has a class for such an answer, it has cut that word off the text.
_NOT_NOW_ERRORS = (
    redis_errors.BusyLoadingError, redis_errors.ClusterDownError, redis_errors.NoScriptError,
    redis_errors.OutOfMemoryError, redis_errors.ReadOnlyError, redis_errors.TryAgainError,
)  # fmt: skip


def connect(settings: Settings, **options: Any) -> Redis:
    """One pool for the process, sized from the concurrency; who finds it empty waits.

    The client's own repeats are off: what may be repeated, and when, is decided above it.
    """
    # socket_timeout: the store bounds every command itself
    options = {"socket_timeout": None, "retry": AsyncRetry(NoBackoff(), 0), **options}
    pool = BlockingConnectionPool.from_url(settings.redis_url, **_sized(settings), **options)
    return Redis.from_pool(pool)


def connect_plain(settings: Settings) -> plain.Redis:
    """The same without asyncio, for `BlockingStore`; here the socket's time-out is the bound."""
    sized, retry = _sized(settings), PlainRetry(NoBackoff(), 0)
    pool = plain.BlockingConnectionPool.from_url(
        settings.redis_url, socket_timeout=sized["timeout"], retry=retry, **sized
    )
    return plain.Redis.from_pool(pool)


def _sized(settings: Settings) -> dict[str, Any]:
    limit_s = settings.command_timeout_ms / 1000
    return {
        "max_connections": settings.pool_size,
        "timeout": limit_s,
        "socket_connect_timeout": limit_s,
        "encoding_errors": "surrogateescape",  # as in `_id`
    }


def _id(raw: bytes) -> str:
    """A job id as it was found: somebody else may have queued one that is no UTF-8."""
    return raw.decode(errors="surrogateescape")


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
    except RuntimeError as error:
        # What uvloop raises on writing to a connection that has just broken; redis-py lets it pass.
        if "handler is closed" not in str(error):
            raise
        raise StoreUnavailable(f"{type(error).__name__}: {error}") from error


class Store:
    """Reads and changes jobs. `redis` answers in bytes (`decode_responses=False`)."""

    def __init__(
        self, redis: Redis | plain.Redis, settings: Settings, *, clock: Clock | None = None
    ) -> None:
        # Any: redis-py leaves execute_command without types.
        self.redis: Any = redis
        self.settings = settings
        self._clock = clock or Clock()

    async def aclose(self) -> None:
        # Closing is a courtesy: a peer that is slow to answer it makes nothing fail.
        with suppress(StoreError), translated():
            await self.redis.aclose(close_connection_pool=True)

    async def pause(self, seconds: float) -> None:
        await self._clock.pause(seconds)

    # Commands

    async def run(
        self, commands: Sequence[Command], extra_s: float = 0.0, *, durable: bool = False
    ) -> list[Any]:
        """Send commands in one round trip and answer in their order; raises the first error.

        `durable`: only when what they wrote, or found written, is as durable as the settings ask.
        A server that forgot some scripts (restart, SCRIPT FLUSH) is taught them again.
        """
        barrier = self.settings.barrier if durable else ()
        replies = await self._replies([*commands, *barrier], extra_s)
        unknown = [n for n, r in enumerate(replies) if isinstance(r, redis_errors.NoScriptError)]
        if unknown:
            shas = {commands[n][1] for n in unknown}
            texts = [script.text for script in scripts.ALL if script.sha in shas]
            await self._replies([("SCRIPT LOAD", text) for text in texts])
            again = await self._replies([*(commands[n] for n in unknown), *barrier])
            unknown += range(len(commands), len(replies))
            for n, reply in zip(unknown, again, strict=False):  # one error may stand for all
                replies[n] = reply
        reached = replies.pop() if len(replies) > len(commands) else None
        failed = [reply for reply in replies if isinstance(reply, Exception)]
        if failed:
            try:
                with translated():
                    raise failed[0]
            except StoreRefused as error:
                if len(failed) < len(replies):  # "it did not happen" would be wrong of the rest
                    raise StoreUnavailable(f"refused half-way: {error}") from error
                raise
        self._check_durable(reached)
        return replies

    def _check_durable(self, reached: Any) -> None:
        """Judge the barrier's answer: so many replicas; or this disk (0 or 1), and theirs."""
        if reached is None:
            return
        wanted = self.settings.durability
        if isinstance(reached, Exception):  # never a refusal: what it was to wait for has happened
            unable = any(sign in str(reached) for sign in ("unknown command", "appendonly"))
            kind = StoreError if unable else StoreUnavailable
            raise kind(f"nobody knows whether it is {wanted}: {reached}") from reached
        disk, replicas = reached if isinstance(reached, list) else (1, reached)
        if disk < 1 or replicas < self.settings.replicas:
            raise StoreUnavailable(f"not {wanted} in time: {replicas} replicas have it")

    async def _replies(self, commands: Sequence[Command], extra_s: float = 0.0) -> list[Any]:
        """The answers, a command's own error in the place of its answer."""
        with translated():
            try:
                return await self._exchange(
                    commands, self.settings.command_timeout_ms / 1000 + extra_s
                )
            except redis_errors.ResponseError as error:
                return [error]

    async def _exchange(self, commands: Sequence[Command], limit_s: float) -> list[Any]:
        async with self._clock.timeout(limit_s):
            if len(commands) == 1:
                return [await self.redis.execute_command(*commands[0])]
            async with self.redis.pipeline(transaction=False) as pipe:
                for command in commands:
                    pipe.execute_command(*command)
                replies: list[Any] = await pipe.execute(raise_on_error=False)
            return replies

    # Jobs

    async def enqueue(self, jobs: Sequence[tuple[str, NewJob]]) -> list[str | Job]:
        """Store jobs under their ids, in one round trip.

        For each the new job, or, where one has this id or holds the unique key already, its id.
        Raises `InvalidJob` before anything is stored.
        """
        stored = [new.fields(self.settings) for _, new in jobs]
        commands = []
        for (job_id, new), fields in zip(jobs, stored, strict=True):
            queue = fields["queue_name"]
            names = [keys.job(job_id), keys.queue(queue), keys.wake(queue)]
            if new.unique_key is not None:
                names.append(keys.unique(new.unique_key))
            args = [job_id, *new.due(), keys.JOB, *chain.from_iterable(fields.items())]
            commands.append(scripts.ENQUEUE.call(names, args))
        standing: list[str | Job] = []
        for reply, fields in zip(await self.run(commands, durable=True), stored, strict=True):
            word, job_id, *at = [part.decode() for part in reply]
            if word == "CREATED":
                fields |= {"status": "PENDING", "enqueue_time": at[0]}
                standing.append(Job.from_hash(job_id, fields) or job_id)
            else:
                standing.append(job_id)
        return standing

    async def job(self, job_id: str) -> Job:
        """Read one job; raises `JobNotFound`."""
        found = (await self.jobs([job_id]))[0]
        if found is None:
            raise JobNotFound(f"there is no job {job_id}: never enqueued, or its TTL has passed")
        return found

    async def jobs(self, job_ids: Sequence[str]) -> list[Job | None]:
        """Read many jobs in one round trip; None where there is none (or it is no job hash)."""
        stored = await self._replies([("HGETALL", keys.job(job_id)) for job_id in job_ids])
        for reply in stored:
            if isinstance(reply, Exception) and "WRONGTYPE" not in str(reply):
                with translated():
                    raise reply
        return [_job(*pair) for pair in zip(job_ids, stored, strict=True)]

    async def dead(self, dlq: str, *, start: int = 0, count: int = 100) -> list[str]:
        """Ids of a dead-letter queue, newest first."""
        (found,) = await self.run([("LRANGE", keys.dlq(dlq), start, start + count - 1)])
        return [_id(raw) for raw in found]

    async def requeue(self, job: Job, dlq: str) -> Answer:
        """Give a dead job a new life: DONE, REPEAT (not dead), GONE or UNIQUE (key is held)."""
        queue = job.queue or dlq
        names = [keys.job(job.id), keys.dlq(dlq), keys.queue(queue), keys.wake(queue)]
        if job.unique_key is not None:
            names.append(keys.unique(job.unique_key))
        call = scripts.REQUEUE_DLQ.call(names, [job.id, keys.JOB])
        (word,) = await self.run([call], durable=True)
        return Answer(word.decode())

    async def sizes(self, queue: str) -> dict[str, int]:
        """Jobs `queued`, `due`, `locked` and `dead` in a queue."""
        name = keys.queue(queue)
        sizes = [("ZCARD", name), ("ZCARD", keys.locks(queue)), ("LLEN", keys.dlq(queue))]
        (seconds, micros), queued, locked, dead = await self.run([("TIME",), *sizes])
        now_ms = seconds * 1000 + micros // 1000
        (due,) = await self.run([("ZCOUNT", name, "-inf", now_ms)])
        return {"queued": queued, "due": due, "locked": locked, "dead": dead}

    async def workers(self) -> list[dict[str, Any]]:
        """The health reports of the workers that are alive."""
        names: set[bytes] = set()
        cursor = -1
        while cursor:
            scan = ("SCAN", max(cursor, 0), "MATCH", keys.health("*"), "COUNT", 1000)
            ((cursor, found),) = await self.run([scan])
            names.update(found)
        reports = (await self.run([("MGET", *sorted(names))]))[0] if names else []
        return [json.loads(report) for report in reports if report is not None]


def _job(job_id: str, stored: Any) -> Job | None:
    """A job from HGETALL's answer; None where the key is absent or no job."""
    if not isinstance(stored, dict):
        return None
    text = {field.decode(): value.decode(errors="replace") for field, value in stored.items()}
    return Job.from_hash(job_id, text)


class BlockingStore(Store):
    """The same over a connection that blocks. Its coroutines never wait for an event loop."""

    async def aclose(self) -> None:
        self.redis.close()

    async def pause(self, seconds: float) -> None:
        time.sleep(seconds)  # noqa: ASYNC251 - blocking is what it is for

    async def _exchange(self, commands: Sequence[Command], limit_s: float) -> list[Any]:
        if len(commands) == 1:  # limit_s: the connection's own time-out bounds a command
            return [self.redis.execute_command(*commands[0])]
        with self.redis.pipeline(transaction=False) as pipe:
            for command in commands:
                pipe.execute_command(*command)
            replies: list[Any] = pipe.execute(raise_on_error=False)
        return replies


class WorkerStore(Store):
    """The store as one worker sees it: its claims, its locks, its outcomes, its health."""

    def __init__(
        self, redis: Redis, settings: Settings, worker_id: str, *, clock: Clock | None = None
    ) -> None:
        super().__init__(redis, settings, clock=clock)
        self._id = worker_id
        self._queues = [keys.queue(name) for name in settings.queues]
        self._locks = [keys.locks(name) for name in settings.queues]
        self._dlqs = [keys.dlq(name) for name in settings.queues]
        self._hints = [keys.wake(name) for name in settings.queues]
        columns = zip(self._queues, self._locks, self._dlqs, self._hints, strict=True)
        self._claim_keys = [keys.claim(worker_id), *chain.from_iterable(columns)]
        self._claims = 0
        #: A claim may have taken jobs that we do not know of.
        self.unanswered_claim = False

    async def lock_and_pop(self, want: int) -> Claim:
        """Claim up to `want` due jobs. After a lost reply the same claim is asked for again, so
        there is one claim of a worker at a time."""
        if not self.unanswered_claim:
            self._claims += 1
        self.unanswered_claim = True
        s = self.settings
        args = [self._id, self._claims, want, s.lock_ttl_ms, s.max_crashes, s.dlq_ttl_s]
        call = scripts.LOCK_AND_POP.call(self._claim_keys, [*args, keys.JOB, keys.UNIQUE])
        ((due_in_ms, left, flat, taken_back, buried, dropped),) = await self.run([call])
        self.unanswered_claim = False
        return Claim(
            jobs=list(self._claimed(flat)),
            due_in_s=None if due_in_ms < 0 else due_in_ms / 1000,
            left=left,
            taken_back=[_id(raw) for raw in taken_back[::2]],
            buried=[_id(raw) for raw in buried[::2]],
            dropped=[_id(raw) for raw in dropped],
        )

    def _claimed(self, flat: list[Any]) -> Iterator[Claimed]:
        s = self.settings
        for start in range(0, len(flat), 10):
            queue, job_id, token, *payload = flat[start : start + 7]
            retries, most, timeout_s = flat[start + 7 : start + 10]
            function, args, kwargs, params = payload
            yield Claimed(
                Lease(queue - 1, _id(job_id), token), function, args, kwargs, params,
                number(retries, 0), number(most, s.max_retries), number(timeout_s, s.job_timeout_s),
            )  # fmt: skip

    async def refresh_locks(self, leases: Sequence[Lease]) -> list[Answer]:
        """Renew locks; an answer that is not DONE is a lock that was lost."""
        args: list[Any] = [self._id, self.settings.lock_ttl_ms, keys.JOB]
        for lease in leases:
            args += (lease.queue + 1, lease.job_id, lease.token)
        (words,) = await self.run([scripts.REFRESH_LOCKS.call(self._locks, args)])
        return [Answer(word.decode()) for word in words]

    async def settle(self, outcomes: Sequence[Outcome]) -> list[Answer | EffectRefused]:
        """End attempts, all in one round trip; answers in the order of `outcomes`."""
        finishes = [outcome for outcome in outcomes if isinstance(outcome, Finish)]
        calls = [self._end(outcome) for outcome in outcomes if not isinstance(outcome, Finish)]
        if finishes:
            calls.append(self._finish(finishes))
        words = await self.run(calls, durable=True)
        finished = iter(words.pop() if finishes else ())
        others = iter(words)
        return [_answer(next(finished if isinstance(o, Finish) else others)) for o in outcomes]

    def _finish(self, finishes: Sequence[Finish]) -> Command:
        args: list[Any] = [self._id, self.settings.result_ttl_s, keys.JOB, keys.UNIQUE]
        for done in finishes:
            lease = done.lease
            args += (lease.queue + 1, lease.job_id, lease.token, done.result, done.effects)
        return scripts.FINISH.call(self._locks, args)

    def _end(self, outcome: Retry | Bury | Release) -> Command:
        """The call for one outcome that is not a completion."""
        lease, s = outcome.lease, self.settings
        job, who = keys.job(lease.job_id), (lease.job_id, self._id, lease.token)
        of = lease.queue
        queue, locks, dlq, hints = (
            self._queues[of], self._locks[of], self._dlqs[of], self._hints[of]
        )  # fmt: skip
        match outcome:
            case Retry(_, error, delay_ms):
                args = [*who, error, delay_ms, s.max_retries, s.dlq_ttl_s, keys.JOB, keys.UNIQUE]
                return scripts.RETRY.call([job, queue, locks, dlq, hints], args)
            case Bury(_, reason, error):
                args = [*who, reason, error, s.dlq_ttl_s, keys.JOB, keys.UNIQUE]
                return scripts.BURY.call([job, locks, dlq], args)
            case Release():
                return scripts.RELEASE.call([job, queue, locks, hints], who)

    async def wait_for_hint(self, at_most_s: float) -> None:
        """Block until somebody hints that a queue is worth a look, or the time is over."""
        # BLPOP takes 0 for "for ever"; Redis 6.2 also 0.001, of which it makes 0 ms.
        wait = ("BLPOP", *self._hints, max(0.002, round(at_most_s, 3)))
        await self.run([wait], extra_s=at_most_s)

    async def heartbeat(self, report: dict[str, Any]) -> None:
        """Write the health key. One command with its TTL: atomic without a script."""
        ttl_ms = self.settings.heartbeat_ttl_ms
        await self.run([("SET", keys.health(self._id), json.dumps(report), "PX", ttl_ms)])

    async def remove_heartbeat(self) -> None:
        await self.run([("DEL", keys.health(self._id))])


_ANSWERS = {answer.value.encode(): answer for answer in Answer}


def _answer(word: bytes) -> Answer | EffectRefused:
    found = _ANSWERS.get(word)
    return found if found is not None else EffectRefused(word.decode(errors="replace"))
