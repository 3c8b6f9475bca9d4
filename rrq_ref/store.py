"""The store: every state transition of a job, over one Redis client.

Each transition is one atomic script call, and may be repeated if its reply was lost. Redis'
exceptions are translated here and nowhere else.
"""

import json
import time
from collections.abc import Sequence
from contextlib import suppress
from itertools import chain
from typing import Any

import redis as plain
from redis import exceptions as redis_errors
from redis.asyncio import ConnectionPool, Redis

from . import batch, keys, overview, scripts, silence
from .clock import Clock
from .connection import check
from .connection import connect as connect  # exported here too
from .deadletters import Dead, DeadLetters
from .errors import JobNotFound, StoreError, StoreRefused, StoreUnavailable
from .job import Job, Ready, number
from .line import packed
from .scripts import Answer, Command
from .settings import Settings
from .transitions import (
    Acquit,
    Bury,
    Claim,
    Claimed,
    EffectRefused,
    Finish,
    Lease,
    Outcome,
    Release,
    Retry,
)

_ANSWERS = {answer.value.encode(): answer for answer in Answer}

#: Signs of a server that cannot or will not do it now, whether or not a script's error wraps them.
#: Some are class names of redis-py, which cuts the error's first word off its text.
_NOT_NOW = (
    "LOADING", "OOM command", "READONLY", "MISCONF", "MASTERDOWN", "NOREPLICAS", "BUSY ",
    "CLUSTERDOWN", "TRYAGAIN", "max number of clients", "BusyLoadingError", "OutOfMemoryError",
    "ReadOnlyError", "MasterDownError", "ClusterDownError", "TryAgainError", "NoScriptError",
    "NOPERM", "NoPermissionError", "ACL failure in script", "The user executing the script can't",
)  # fmt: skip

#: The shortest wait for a hint: to BLPOP, 0 means "for ever", and Redis 6.2 rounds 1 ms down to 0.
LEAST_WAIT_S = 0.002

#: RuntimeErrors of a command that may have been sent: uvloop's when it writes to a connection that
#: has just broken, and those of a connection that another event loop made.
_BROKEN = ("handler is closed", "loop is closed", "different loop", "different event loop")


def _text(raw: bytes) -> str:
    return raw.decode(errors="replace")


def _id(raw: bytes) -> str:
    """A job id as it was found. Another program may have queued one that is not UTF-8."""
    return raw.decode(errors="surrogateescape")


#: The id of the job that stands for an enqueued one, and when it was stored; None if that is
#: another job, which was there before.
Standing = tuple[str, str | None]


class translated:
    """A block whose Redis exceptions become this package's."""

    def __enter__(self) -> None: ...

    def __exit__(self, _: object, error: BaseException | None, trace: object) -> None:
        if not isinstance(error, redis_errors.RedisError | OSError | RuntimeError):
            return
        text = f"{type(error).__name__}: {error}"
        if isinstance(error, RuntimeError) and not any(sign in text for sign in _BROKEN):
            return
        if any(sign in text for sign in _NOT_NOW):
            raise StoreRefused(text) from error
        refused = isinstance(error, redis_errors.ResponseError)
        raise (StoreError if refused else StoreUnavailable)(text) from error


class Store:
    """Reads and changes jobs. `redis` has to answer in bytes, else `ValueError` is raised."""

    _blocking = False

    def __init__(
        self, redis: Redis | plain.Redis, settings: Settings, *, clock: Clock | None = None
    ) -> None:
        check(redis, blocking=self._blocking)
        self.redis: Any = redis  # redis-py leaves execute_command without types
        self.settings = settings
        self._clock = clock or Clock()

    async def aclose(self) -> None:
        # Closing is a courtesy: nothing fails because a peer is slow to answer.
        with suppress(StoreError), translated():
            await self.redis.aclose(close_connection_pool=True)

    def apart(self) -> "Store":
        """A store with connections of its own, which may block. The caller has to close it."""
        pool = self.redis.connection_pool
        kind = pool.connection_class
        return Store(Redis.from_pool(ConnectionPool(kind, **pool.connection_kwargs)), self.settings)

    async def pause(self, seconds: float) -> None:
        await self._clock.pause(seconds)

    # Commands

    async def run(
        self, commands: Sequence[Command], extra_s: float = 0.0, *, durable: bool = False
    ) -> list[Any]:
        """Send commands in one round trip. Returns their answers in order, or raises the first
        error.

        With `durable`, returns only once everything that they wrote, or found written, is as
        durable as the settings ask. Scripts that the server forgot (restart, SCRIPT FLUSH) are
        loaded again.
        """
        barrier = self.settings.barrier if durable else ()
        replies: list[Any] = await self._replies([*commands, *barrier], extra_s)
        unknown = [
            n for n, (command, reply) in enumerate(zip(commands, replies, strict=False))
            if command[0] == "EVALSHA" and isinstance(reply, redis_errors.NoScriptError)
        ]  # fmt: skip
        if unknown:
            shas = {commands[n][1] for n in unknown}
            texts = [script.text for script in scripts.ALL if script.sha in shas]
            await self._replies([("SCRIPT LOAD", text) for text in texts])
            again = await self._replies([*(commands[n] for n in unknown), *barrier])
            unknown += range(len(commands), len(replies))
            for n, reply in zip(unknown, again, strict=False):  # `again` may be one error for all
                replies[n] = reply
        reached = replies.pop() if len(replies) > len(commands) else None
        failed = [reply for reply in replies if isinstance(reply, Exception)]
        if failed:
            try:
                with translated():
                    raise failed[0]
            except StoreRefused as error:
                if len(failed) < len(replies):  # `StoreRefused` would be untrue of the others
                    raise StoreUnavailable(f"refused half-way: {error}") from error
                raise
        self._check_durable(reached)
        return replies

    def _check_durable(self, reached: Any) -> None:
        """Judge the barrier's answer: the number of replicas (WAIT); or of local disks, 0 or 1, and
        of replicas' disks (WAITAOF)."""
        if reached is None:
            return
        wanted = self.settings.durability
        if isinstance(reached, Exception):  # not a refusal: the writes have happened
            unable = any(sign in str(reached) for sign in ("unknown command", "appendonly"))
            kind = StoreError if unable else StoreUnavailable
            raise kind(f"it is unknown whether this is {wanted}: {reached}") from reached
        disk, replicas = reached if isinstance(reached, list) else (1, reached)
        if disk < 1 or replicas < self.settings.replicas:
            raise StoreUnavailable(f"not {wanted} in time: {replicas} replicas have it")

    async def _replies(self, commands: Sequence[Command], extra_s: float = 0.0) -> Any:
        """The answers in order. A command's own error stands in the place of its answer."""
        seconds = self.settings.command_timeout_ms / 1000 + extra_s
        exchange = getattr(self.redis, "exchange", self._piped)
        with translated():
            async with self._clock.timeout(seconds) as limit:
                silence.current.set(silence.Patience(limit, seconds))
                return await exchange(commands)

    async def _piped(self, commands: Sequence[Command]) -> list[Any]:
        """The same over a client that `connect` has not made."""
        pipe = self.redis.pipeline(transaction=False)
        for command in commands:
            pipe.execute_command(*command)
        replies: list[Any] = await pipe.execute(raise_on_error=False)
        return replies

    # Jobs

    async def enqueue(self, jobs: Sequence[Ready], first: int = 0) -> list[Standing]:
        """Store jobs, those of each queue in one step. Returns for each the job that stands for it.
        `first` is the place of the first job in the caller's call, whose jobs become due in their
        order."""
        queues: dict[str, list[int]] = {}
        for place, job in enumerate(jobs):
            queues.setdefault(job.fields["queue_name"], []).append(place)
        commands = [
            batch.call(queue, [jobs[place] for place in places], first)
            for queue, places in queues.items()
        ]
        standing: dict[int, Standing] = {}
        replies = await self.run(commands, durable=True)
        for places, (at, *ids) in zip(queues.values(), replies, strict=True):
            since = at.decode()
            for place, job_id in zip(places, ids, strict=True):
                standing[place] = (_id(job_id), None) if job_id else (jobs[place].job_id, since)
        return [standing[place] for place in range(len(jobs))]

    async def job(self, job_id: str) -> Job:
        """Read one job; raises `JobNotFound`."""
        if (found := (await self.jobs([job_id]))[0]) is not None:
            return found
        raise JobNotFound(f"there is no job {job_id}: never enqueued, or its TTL has passed")

    async def jobs(self, job_ids: Sequence[str]) -> list[Job | None]:
        """Read many jobs in one round trip. None for an id that has no job (or no job hash)."""
        stored = await self._replies([("HGETALL", keys.job(job_id)) for job_id in job_ids])
        for reply in stored:
            if isinstance(reply, Exception) and "WRONGTYPE" not in str(reply):
                with translated():
                    raise reply
        return [
            Job.from_hash(job_id, {_text(name): _text(value) for name, value in fields.items()})
            if isinstance(fields, dict)
            else None
            for job_id, fields in zip(job_ids, stored, strict=True)
        ]

    async def dead(self, dlq: str, *, start: int = 0, count: int = 100) -> list[str]:
        """Job ids of a dead-letter queue, newest first."""
        (found,) = await self.run([("LRANGE", keys.dlq(dlq), start, start + count - 1)])
        return [_id(raw) for raw in found]

    async def requeue(self, job: Job, dlq: str) -> Answer:
        """Give a dead job a new life. Answers DONE, REPEAT (not dead), GONE, UNIQUE (its unique key
        is held) or MOVED (dead, but not in this list)."""
        entry = Dead(job.id, 0, job.status, job.queue, job.function)
        return (await DeadLetters(self, dlq).requeue([entry]))[job.id]

    async def cancel(self, job_id: str) -> Answer:
        """Cancel a job. Answers DONE, REQUESTED (it runs, and its worker was asked to stop it),
        ENDED (it had ended before) or GONE."""
        args = [job_id, self.settings.dlq_ttl_s, keys.queue(""), keys.JOB, keys.UNIQUE]
        (word,) = await self.run([scripts.CANCEL.call([keys.job(job_id)], args)], durable=True)
        return Answer(word.decode())

    async def sizes(self, queue: str) -> dict[str, int]:
        """The numbers of jobs `queued`, `due`, `locked` and `dead` in a queue."""
        name = keys.queue(queue)
        sizes = [("ZCARD", name), ("ZCARD", keys.locks(queue)), ("LLEN", keys.dlq(queue))]
        (seconds, micros), queued, locked, dead = await self.run([("TIME",), *sizes])
        now_ms = seconds * 1000 + micros // 1000
        (due,) = await self.run([("ZCOUNT", name, "-inf", now_ms)])
        return {"queued": queued, "due": due, "locked": locked, "dead": dead}

    async def workers(self) -> list[dict[str, Any]]:
        """The health reports of all live workers (`overview.workers`)."""
        return await overview.workers(self)


class BlockingStore(Store):
    """A store over blocking connections. Its coroutines never wait for an event loop."""

    _blocking = True

    async def aclose(self) -> None:
        self.redis.close()

    def apart(self) -> Store:
        pool = self.redis.connection_pool
        own = plain.ConnectionPool(pool.connection_class, **pool.connection_kwargs)
        return BlockingStore(plain.Redis.from_pool(own), self.settings)

    async def pause(self, seconds: float) -> None:
        time.sleep(seconds)  # noqa: ASYNC251 - this store is meant to block

    async def _replies(self, commands: Sequence[Command], extra_s: float = 0.0) -> Any:
        """The same over a bare connection of the pool: what redis-py does around a command takes as
        long as the command itself. The connection's own time-out is the bound."""
        with translated():
            pool = self.redis.connection_pool
            connection = pool.get_connection()
            try:
                connection.send_packed_command([packed(connection, commands)])
                return [self._reply(connection, words) for words in commands]
            except BaseException:
                connection.disconnect()  # nobody else may read what is still to come
                raise
            finally:
                pool.release(connection)

    def _reply(self, connection: Any, command: Command) -> Any:
        """A command's answer, in redis-py's form; its own error stands in the place of it."""
        try:
            reply = connection.read_response()
        except redis_errors.ResponseError as error:
            return error
        to_form = self.redis.response_callbacks.get(command[0])
        return to_form(reply) if to_form else reply


class WorkerStore(Store):
    """The store as one worker sees it: its claims, its locks, its outcomes, its health."""

    def __init__(
        self, redis: Redis, settings: Settings, worker_id: str, *, clock: Clock | None = None
    ) -> None:
        super().__init__(redis, settings, clock=clock)
        self._id = worker_id
        kinds = (keys.queue, keys.locks, keys.dlq, keys.wake)
        self._keys = [[key(name) for key in kinds] for name in settings.queues]
        self._locks = [keys.locks(name) for name in settings.queues]
        self._claim_keys = [keys.claim(worker_id), *chain.from_iterable(self._keys)]
        self._claims = 0
        self._room_bytes = settings.batch_bytes
        self.unanswered_claim = False  # true if a claim may have taken jobs unknown to us
        #: The time of the last claim, or renewal of such jobs, on the worker's monotonic clock.
        self.claimed_at = 0.0

    async def lock_and_pop(self, want: int, wait_s: float = 0.0) -> Claim:
        """Claim up to `want` due jobs: now, or when a hint says that a queue is worth a look, or
        else when `wait_s` are over. From the wait to the claim the server goes by itself.

        A worker makes one claim at a time. If the reply was lost, the next call repeats that same
        claim, and hands back the jobs for which there is no room; with a `want` of 0, all of them.
        """
        if not self.unanswered_claim:
            self._claims += 1
        self.unanswered_claim = True
        self.claimed_at = self._clock.monotonic()
        s, room = self.settings, self._room_bytes if want else 0
        args = [self._id, self._claims, want, room, s.lock_ttl_ms, s.max_crashes, s.dlq_ttl_s]
        call = scripts.LOCK_AND_POP.call(self._claim_keys, [*args, keys.JOB, keys.UNIQUE])
        calls = [self._wait(wait_s), call] if wait_s else [call]
        try:
            *_, reply = await self.run(calls, extra_s=wait_s)
        except StoreUnavailable:
            self._room_bytes = max(1, self._room_bytes // 2)  # the answer may have been too large
            raise
        self._room_bytes = min(2 * self._room_bytes, s.batch_bytes)
        self.unanswered_claim = False
        due_in_ms, left, flat, taken_back, buried, dropped, returned, lost = reply
        return Claim(
            jobs=[self._claimed(*flat[at : at + 10]) for at in range(0, len(flat), 10)],
            due_in_s=None if due_in_ms < 0 else due_in_ms / 1000,
            left=left,
            taken_back=[_id(raw) for raw in taken_back[::2]],
            buried=[_id(raw) for raw in buried[::2]],
            dropped=[_id(raw) for raw in dropped],
            returned=[_id(raw) for raw in returned[::2]],
            lost=[
                Lease(queue - 1, _id(raw), token)
                for queue, raw, token in zip(*[iter(lost)] * 3, strict=True)
            ],
        )

    def _wait(self, at_most_s: float) -> Command:
        hints = (hints for *_, hints in self._keys)
        return ("BLPOP", *hints, max(LEAST_WAIT_S, round(at_most_s, 3)))

    def _claimed(self, queue: int, job_id: bytes, token: int, *fields: bytes | None) -> Claimed:
        *payload, retries, most, timeout_s = fields
        lease, s = Lease(queue - 1, _id(job_id), token), self.settings
        limits = number(most, s.max_retries), number(timeout_s, s.job_timeout_s)
        return Claimed._make((lease, *payload, number(retries, 0), *limits))

    async def refresh_locks(self, leases: Sequence[Lease]) -> list[Answer]:
        """Renew locks, and with them those of a claim whose reply is still on its way. Answers
        DONE, STOP (renewed, and its handler is to stop), or why the lock is lost."""
        number, now = self._claims if self.unanswered_claim else 0, self._clock.monotonic()
        args: list[Any] = [self._id, self.settings.lock_ttl_ms, keys.JOB, number]
        for queue, job_id, token in leases:
            args += (queue + 1, job_id, token)
        names = [self._claim_keys[0], *self._locks]
        (words,) = await self.run([scripts.REFRESH_LOCKS.call(names, args)])
        if self.unanswered_claim and number == self._claims:
            self.claimed_at = now
        return [_ANSWERS[word] for word in words]

    async def settle(self, outcomes: Sequence[Outcome]) -> list[Answer | EffectRefused]:
        """End attempts in one round trip. Returns the answers in the order of `outcomes`."""
        finishes = [outcome for outcome in outcomes if isinstance(outcome, Finish)]
        calls = [self._end(outcome) for outcome in outcomes if not isinstance(outcome, Finish)]
        if finishes:
            calls.append(self._finish(finishes))
        replies = await self.run(calls, durable=True)
        finished = iter(replies.pop() if finishes else ())
        others = iter(replies)
        words = [next(finished if isinstance(o, Finish) else others) for o in outcomes]
        return [_ANSWERS.get(word) or EffectRefused(_text(word)) for word in words]

    def _finish(self, finishes: Sequence[Finish]) -> Command:
        args: list[Any] = [self._id, self.settings.result_ttl_s, keys.JOB, keys.UNIQUE]
        for (queue, job_id, token), result, effects in finishes:
            args += (queue + 1, job_id, token, result, effects)
        return scripts.FINISH.call(self._locks, args)

    def _end(self, outcome: Retry | Bury | Release | Acquit) -> Command:
        """The call for an outcome that is not a completion."""
        (at, job_id, token), s = outcome.lease, self.settings
        job, who = keys.job(job_id), (job_id, self._id, token)
        queue, locks, dlq, hints = self._keys[at]
        match outcome:
            case Retry(_, error, delay_ms, trace):
                limits = (s.max_retries, s.dlq_ttl_s)
                args = [*who, error, trace, delay_ms, *limits, keys.JOB, keys.UNIQUE]
                return scripts.RETRY.call([job, queue, locks, dlq, hints], args)
            case Bury(_, reason, error, trace):
                args = [*who, reason, error, trace, s.dlq_ttl_s, keys.JOB, keys.UNIQUE]
                return scripts.BURY.call([job, locks, dlq], args)
            case Release():
                args = [*who, s.dlq_ttl_s, keys.JOB, keys.UNIQUE]
                return scripts.RELEASE.call([job, queue, locks, hints], args)
            case Acquit():
                args = [*who, keys.JOB, keys.UNIQUE]
                return scripts.ACQUIT.call([job, queue, dlq, hints], args)

    async def answers(self) -> bool:
        """Ask the server a small question that every worker may ask. True if it answers."""
        try:
            await self.run([("EXISTS", keys.health(self._id))])
        except StoreError:
            return False
        return True

    async def heartbeat(self, report: dict[str, Any]) -> None:
        """Write the health key with its TTL: one command, so atomic without a script."""
        ttl_ms = self.settings.heartbeat_ttl_ms
        await self.run([("SET", keys.health(self._id), json.dumps(report), "PX", ttl_ms)])

    async def remove_heartbeat(self) -> None:
        await self.run([("DEL", keys.health(self._id))])
