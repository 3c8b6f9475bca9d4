"""The reference queue as a target. It promises everything."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta, timezone
from typing import NoReturn

import redis

from chaos.guarantees import GUARANTEES
from chaos.jobs.space import SPACE
from chaos.processes.modules import python
from chaos.targets import (
    Command,
    EnqueueInDoubt,
    EnqueueRefused,
    Forkable,
    Job,
    Target,
    Wire,
    WorkerSettings,
    WorkerSpec,
)
from rrq_ref import (
    Client,
    JobNotFound,
    NewJob,
    StoreError,
    StoreRefused,
    StoreUnavailable,
    SyncClient,
    scripts,
)
from rrq_ref.scripts import Answer

from . import final, wire
from .settings import back_off_ms, settings_of

#: Of due times. In UTC, or at home, a wrong conversion would change nothing.
_ZONE = timezone(-timedelta(hours=3, minutes=30))


def _load_scripts(url: str) -> None:
    with redis.Redis.from_url(url) as client:
        for script in scripts.ALL:
            client.script_load(script.text)


def _warm() -> None:
    for module in (f"{__package__}.worker", "redis.asyncio", "hiredis", "uvloop"):
        with contextlib.suppress(ImportError):  # the last two need not be there
            importlib.import_module(module)
    # redis-py looks its version up for the first settings of a process.
    settings_of("redis://127.0.0.1", WorkerSettings())


def _work(spec: WorkerSpec) -> NoReturn:
    from .worker import work  # only in a process that becomes a worker

    work(spec)


class RrqProducer:
    """Enqueues with the sync client."""

    def __init__(self, url: str, settings: WorkerSettings) -> None:
        self._settings = settings_of(url, settings)
        self._client = SyncClient(self._settings)

    def enqueue(self, jobs: Sequence[Job]) -> list[str]:
        with _translated():
            return self._enqueue([_new(job) for job in jobs])

    def _enqueue(self, jobs: list[NewJob]) -> list[str]:
        return self._client.enqueue_many(jobs)

    def requeue(self, job: str) -> bool:
        async def requeue() -> bool:
            async with Client(self._settings) as client:
                dead = await client.job(job)
                return await client.store.requeue(dead, dead.queue) is Answer.DONE

        with _translated():
            return asyncio.run(requeue())

    def cancel(self, job: str) -> None:
        with _translated():
            self._client.cancel(job)

    def close(self) -> None:
        self._client.close()


class RrqAsyncProducer(RrqProducer):
    """Enqueues with the async client, on an event loop of its own."""

    def __init__(self, url: str, settings: WorkerSettings) -> None:
        super().__init__(url, settings)
        self._runner = asyncio.Runner()
        self._async = Client(self._settings)

    def _enqueue(self, jobs: list[NewJob]) -> list[str]:
        return self._runner.run(self._async.enqueue_many(jobs))

    def close(self) -> None:
        self._runner.run(self._async.store.aclose())
        self._runner.close()
        super().close()


def _new(job: Job) -> NewJob:
    told = {"plan": dict(job.plan), "effects": job.effects}
    until = job.defer_until
    return NewJob(
        function=f"{job.function}_in_thread" if job.handler == "thread" else job.function,
        args=job.args,
        kwargs={**job.kwargs, **told},
        queue=job.queue,
        job_id=job.id,
        unique_key=job.unique,
        max_retries=job.max_retries,
        job_timeout_s=job.timeout_s,
        result_ttl_s=job.result_ttl_s,
        defer_by=timedelta(milliseconds=job.delay_ms) if job.delay_ms else None,
        defer_until=None if until is None else datetime.fromtimestamp(until, _ZONE),
    )


@contextlib.contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (StoreRefused, JobNotFound) as error:
        raise EnqueueRefused(str(error)) from error
    except StoreUnavailable as error:
        raise EnqueueInDoubt(str(error), error.job_ids) from error
    except StoreError as error:
        raise EnqueueInDoubt(str(error)) from error


_WORKER = python(f"{__package__}.worker")

TARGET = Target(
    name="rrq_ref",
    promises=GUARANTEES,
    worker=Command(_WORKER),
    producer=RrqProducer,
    more_clients={"async": RrqAsyncProducer},
    inspector=final.inspector,
    wire=Wire(moments=wire.MOMENTS, decoder=wire.decoder),
    forkable=Forkable(warm=_warm, work=_work),
    fleet=lambda workers: Command([*_WORKER, str(workers)]),
    prepare=_load_scripts,
    shows={"tokens", "retries", "effects", "keys", "health", "state"},
    takes=SPACE.names,
    back_off_ms=back_off_ms,
    by_default=WorkerSettings(lock_ttl_ms=30_000, poll_max_ms=2_000),
    packages=("redis", "hiredis", "uvloop"),
)
