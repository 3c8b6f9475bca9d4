"""Producers: enqueue jobs and look at them, from asyncio or from plain code."""

from collections.abc import Coroutine, Sequence
from random import Random
from typing import Any, Self, TypeVar, Unpack

import redis as plain
from redis.asyncio import Redis

from . import overview
from .batch import batches
from .connection import connect, connect_plain
from .errors import StoreError, StoreRefused, StoreUnavailable
from .job import Job, NewJob, Options, Ready
from .scripts import Answer
from .settings import Settings
from .store import BlockingStore, Standing, Store
from .trouble import Backoff
from .waiting import wait

_TRIES = 3  # times that an enqueue is sent before the caller is told that its fate is unknown

T = TypeVar("T")


class Client:
    """The async client.

    It works from any number of event loops, one after another or in several threads at once, on
    both sides of a fork, and again after it was closed.

    >>> async with Client(Settings(redis_url="redis://127.0.0.1:6379/0")) as client:
    ...     job = await client.enqueue("send", "ada@example.org", max_retries=3)
    """

    def __init__(
        self, settings: Settings | None = None, *,
        redis: Redis | None = None, store: Store | None = None,
    ) -> None:  # fmt: skip
        self.settings = settings or Settings()
        self.store = store or Store(redis or connect(self.settings), self.settings)

    async def enqueue(self, function: str, *args: Any, **options: Unpack[Options]) -> Job:
        """Enqueue one job: `function`, its positional arguments, and the options of `NewJob`.

        Returns the job that stands for the call. It is a new job, or the one that has this job id
        already, or the live one that holds this unique key; nothing is overwritten.

        Raises `InvalidJob`. Raises `StoreRefused` if the server said no. Raises `StoreUnavailable`
        if there was no answer: the job may exist. To be sure, enqueue again with the same job id,
        which is in the error's `job_ids`.
        """
        new = NewJob(function=function, args=args, **options).ready(self.settings)
        try:
            for _ in range(_TRIES):
                ((job_id, since),) = await self._enqueue([new])
                if since is not None:
                    return new.pending(since)
                (found,) = await self.store.jobs([job_id])
                if found is not None:  # else it expired between the two calls: enqueue after all
                    return found
        except StoreUnavailable as error:
            error.job_ids = [new.job_id]
            raise
        raise StoreError(f"job {job_id} stands for this one, but its hash cannot be read")

    async def enqueue_many(self, jobs: Sequence[NewJob]) -> list[str]:
        """Enqueue many jobs, a few hundred per round trip. Returns the ids that stand for them, in
        order. Raises as `enqueue` does: `InvalidJob` before any job is stored, `StoreUnavailable`
        once some of them exist."""
        ids: list[str] = []
        ready = [new.ready(self.settings) for new in jobs]
        try:
            for batch in batches(ready, self.settings.batch_bytes):
                try:
                    standing = await self._enqueue(batch, len(ids))
                except StoreRefused as error:
                    if not ids:
                        raise
                    raise StoreUnavailable(f"refused after {len(ids)} jobs: {error}") from error
                ids += [job_id for job_id, _ in standing]
        except StoreUnavailable as error:
            error.job_ids = [job.job_id for job in ready]
            raise
        return ids

    async def _enqueue(self, jobs: Sequence[Ready], first: int = 0) -> list[Standing]:
        """Enqueue, several times if need be: the same ids make no second job."""
        backoff: Backoff | None = None
        unanswered: StoreError | None = None
        for left in reversed(range(_TRIES)):
            try:
                return await self.store.enqueue(jobs, first)
            except StoreError as error:
                unanswered = error if isinstance(error, StoreUnavailable) else unanswered
                if not left or not isinstance(error, (StoreUnavailable, StoreRefused)):
                    # A refusal after a try without an answer does not settle that try.
                    raise unanswered or error from error
            backoff = backoff or Backoff.polling(self.settings, Random())
            await self.store.pause(backoff.next())
        raise AssertionError("the last try returns or raises")

    async def job(self, job_id: str) -> Job:
        """Read one job; raises `JobNotFound`."""
        return await self.store.job(job_id)

    async def queues(self) -> dict[str, dict[str, int]]:
        """The numbers of jobs `queued`, `due`, `locked` and `dead`, for every queue that holds jobs
        or that a live worker serves."""
        return await overview.queues(self.store)

    async def cancel(self, job_id: str) -> Answer:
        """Cancel a job: DONE (it is cancelled, and never runs), REQUESTED (it runs; its worker
        stops it at the next renewal of its lock, unless it ends first), ENDED or GONE (no job)."""
        return await self.store.cancel(job_id)

    async def wait(self, job_id: str, timeout: float | None = None) -> Job:  # noqa: ASYNC109 - of a job
        """Wait until a job is completed, dead or cancelled, and return it as it is then. The job's
        end wakes the caller, who holds a connection of its own meanwhile. Raises `TimeoutError`
        after `timeout` seconds, and `JobNotFound` if there is no such job, or none any longer."""
        return await wait(self.store, job_id, timeout)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.store.aclose()


class SyncClient:
    """`Client` without `await`, for scripts, threads and gevent. Thread-safe."""

    def __init__(
        self, settings: Settings | None = None, *, redis: plain.Redis | None = None
    ) -> None:
        self.settings = settings or Settings()
        store = BlockingStore(redis or connect_plain(self.settings), self.settings)
        self._client = Client(self.settings, store=store)

    def enqueue(self, function: str, *args: Any, **options: Unpack[Options]) -> Job:
        return _run(self._client.enqueue(function, *args, **options))

    def enqueue_many(self, jobs: Sequence[NewJob]) -> list[str]:
        return _run(self._client.enqueue_many(jobs))

    def job(self, job_id: str) -> Job:
        return _run(self._client.job(job_id))

    def queues(self) -> dict[str, dict[str, int]]:
        return _run(self._client.queues())

    def cancel(self, job_id: str) -> Answer:
        return _run(self._client.cancel(job_id))

    def wait(self, job_id: str, timeout: float | None = None) -> Job:
        return _run(self._client.wait(job_id, timeout))

    def close(self) -> None:
        _run(self._client.store.aclose())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _run(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine over a `BlockingStore`, which never waits for an event loop. Thus one
    implementation serves both clients. The idea is the Gel (EdgeDB) client's."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        return end.value  # type: ignore[no-any-return]
    raise AssertionError("a coroutine over a blocking store waited")
