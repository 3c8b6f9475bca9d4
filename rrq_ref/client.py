"""Producers: enqueue jobs and look at them, from asyncio or from plain code."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from random import Random
from typing import Any, Self

import redis
from redis.asyncio import Redis
from redis.backoff import NoBackoff
from redis.exceptions import NoScriptError
from redis.retry import Retry

from . import keys, transitions
from .errors import JobNotFound, StoreError, StoreRefused, StoreUnavailable
from .job import Job, NewJob
from .settings import Settings
from .store import Store, connect, job_of, translated
from .transitions import Call
from .trouble import Backoff

#: Jobs in one round trip of `enqueue_many`.
_CHUNK = 250
#: How often an enqueue is sent before the caller is told that nothing is known about it.
_TRIES = 3


class _Resend:
    """Decides whether an enqueue that failed is sent again; it makes no second job."""

    def __init__(self, settings: Settings) -> None:
        self._backoff = Backoff.polling(settings, Random())
        self._left = _TRIES
        self._in_doubt: StoreUnavailable | None = None

    def pause_s(self, error: StoreError) -> float:
        """Seconds to wait before the next try; raises when there is none.

        A refusal after an unanswered try does not settle that try: the outcome stays unknown.
        """
        self._left -= 1
        if isinstance(error, StoreUnavailable):
            self._in_doubt = error
        if self._left == 0 or not isinstance(error, (StoreUnavailable, StoreRefused)):
            raise self._in_doubt or error
        return self._backoff.next()


def _chunks(jobs: Sequence[NewJob], settings: Settings) -> Iterator[list[tuple[Call, Job]]]:
    for start in range(0, len(jobs), _CHUNK):
        yield [transitions.enqueue(new, settings) for new in jobs[start : start + _CHUNK]]


def _standing(planned: Job, reply: list[bytes]) -> Job | str:
    """The new job, or the id of the one that stands for it."""
    if reply[0] == b"CREATED":
        return replace(planned, enqueue_time=datetime.fromisoformat(reply[2].decode()))
    return reply[1].decode()


class Client:
    """The async client.

    >>> async with Client(Settings(redis_url="redis://127.0.0.1:6379/0")) as client:
    ...     job = await client.enqueue("send", "ada@example.org", max_retries=3)
    """

    def __init__(self, settings: Settings | None = None, *, redis: Redis | None = None) -> None:
        self.settings = settings or Settings()
        self.store = Store(redis or connect(self.settings), self.settings)

    async def enqueue(self, function: str, *args: Any, **options: Any) -> Job:
        """Enqueue one job: `function`, its positional arguments, and the options of `NewJob`
        (its keyword arguments are the option `kwargs`).

        Returns the job that stands for the call: a new one, or, with nothing overwritten, the one
        that has this job id already or the live one that holds the unique key.

        Raises `InvalidJob`; `StoreRefused` if the server said no; `StoreUnavailable` if nobody
        answered, and the job may exist: enqueue again with the same job id to be sure.
        """
        new = NewJob(function=function, args=args, **options)
        call, planned = transitions.enqueue(new, self.settings)
        for _ in range(_TRIES):
            standing = _standing(planned, (await self._sent([call]))[0])
            if isinstance(standing, Job):
                return standing
            found = (await self.store.jobs([standing]))[0]
            if found is not None:  # else it expired between the two calls: enqueue after all
                return found
        raise StoreError(f"job {standing} stands for this one, but its hash cannot be read")

    async def enqueue_many(self, jobs: Sequence[NewJob]) -> list[str]:
        """Enqueue many jobs, a few hundred in a round trip; the ids that stand for them, in order.

        Raises as `enqueue` does; jobs before the one that failed may exist.
        """
        ids: list[str] = []
        for chunk in _chunks(jobs, self.settings):
            replies = await self._sent([call for call, _ in chunk])
            ids += [reply[1].decode() for reply in replies]
        return ids

    async def _sent(self, calls: Sequence[Call]) -> list[Any]:
        resend = _Resend(self.settings)
        while True:
            try:
                return await self.store.run(calls)
            except StoreError as error:
                await asyncio.sleep(resend.pause_s(error))

    async def job(self, job_id: str) -> Job:
        """Read one job; raises `JobNotFound`."""
        return await self.store.job(job_id)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.store.aclose()


class SyncClient:
    """The same over a plain connection: for scripts, threads and gevent. Thread-safe."""

    def __init__(
        self, settings: Settings | None = None, *, redis: redis.Redis | None = None
    ) -> None:
        self.settings = settings or Settings()
        # Any: redis-py leaves execute_command without types.
        self.redis: Any = redis or _plain_connection(self.settings)

    def enqueue(self, function: str, *args: Any, **options: Any) -> Job:
        """As `Client.enqueue`."""
        new = NewJob(function=function, args=args, **options)
        call, planned = transitions.enqueue(new, self.settings)
        for _ in range(_TRIES):
            standing = _standing(planned, self._sent([call])[0])
            if isinstance(standing, Job):
                return standing
            found = self._read(standing)
            if found is not None:
                return found
        raise StoreError(f"job {standing} stands for this one, but its hash cannot be read")

    def enqueue_many(self, jobs: Sequence[NewJob]) -> list[str]:
        """As `Client.enqueue_many`."""
        ids: list[str] = []
        for chunk in _chunks(jobs, self.settings):
            ids += [reply[1].decode() for reply in self._sent([call for call, _ in chunk])]
        return ids

    def job(self, job_id: str) -> Job:
        """Read one job; raises `JobNotFound`."""
        found = self._read(job_id)
        if found is None:
            raise JobNotFound(f"there is no job {job_id}: never enqueued, or its TTL has passed")
        return found

    def _read(self, job_id: str) -> Job | None:
        with translated():
            return job_of(job_id, self.redis.hgetall(keys.job(job_id)))

    def _sent(self, calls: Sequence[Call]) -> list[Any]:
        resend = _Resend(self.settings)
        while True:
            try:
                with translated():
                    return self._run(calls)
            except StoreError as error:
                time.sleep(resend.pause_s(error))

    def _run(self, calls: Sequence[Call]) -> list[Any]:
        try:
            return self._pipeline(calls)
        except NoScriptError:
            self.redis.script_load(calls[0].script.text)
            return self._pipeline(calls)

    def _pipeline(self, calls: Sequence[Call]) -> list[Any]:
        if len(calls) == 1:
            return [self.redis.execute_command(*calls[0].command())]
        with self.redis.pipeline(transaction=False) as pipe:
            for call in calls:
                pipe.execute_command(*call.command())
            replies: list[Any] = pipe.execute()
        return replies

    def close(self) -> None:
        self.redis.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _plain_connection(settings: Settings) -> redis.Redis:
    limit_s = settings.command_timeout_ms / 1000
    return redis.Redis.from_url(
        settings.redis_url,
        socket_timeout=limit_s,
        socket_connect_timeout=limit_s,
        retry=Retry(NoBackoff(), 0),
    )
