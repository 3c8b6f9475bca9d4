"""The reference queue as a target. It promises everything."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
from collections.abc import Sequence
from datetime import timedelta
from typing import NoReturn

import redis

from chaos.guarantees import GUARANTEES
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
from rrq_ref import Client, JobNotFound, NewJob, StoreError, StoreRefused, SyncClient, scripts
from rrq_ref.scripts import Answer

from . import final, wire
from .settings import settings_of


def _load_scripts(url: str) -> None:
    with redis.Redis.from_url(url) as client:
        for script in scripts.ALL:
            client.script_load(script.text)


def _warm() -> None:
    for module in (f"{__package__}.worker", "redis.asyncio", "hiredis", "uvloop"):
        with contextlib.suppress(ImportError):  # the last two need not be there
            importlib.import_module(module)


def _work(spec: WorkerSpec) -> NoReturn:
    from .worker import work  # only in a process that becomes a worker

    work(spec)


class RrqProducer:
    def __init__(self, url: str, settings: WorkerSettings) -> None:
        self._settings = settings_of(url, settings)
        self._client = SyncClient(self._settings)

    def enqueue(self, jobs: Sequence[Job]) -> list[str]:
        new = [
            NewJob(
                function=job.function,
                kwargs={"plan": dict(job.plan), "effects": job.effects},
                job_id=job.id,
                unique_key=job.unique,
                max_retries=job.max_retries,
                job_timeout_s=job.timeout_s,
                defer_by=timedelta(milliseconds=job.delay_ms) if job.delay_ms else None,
            )
            for job in jobs
        ]
        try:
            return self._client.enqueue_many(new)
        except StoreRefused as error:
            raise EnqueueRefused(str(error)) from error
        except StoreError as error:
            raise EnqueueInDoubt(str(error)) from error

    def requeue(self, job: str) -> bool:
        async def requeue() -> bool:
            async with Client(self._settings) as client:
                dead = await client.job(job)
                return await client.store.requeue(dead, self._settings.queues[0]) is Answer.DONE

        try:
            return asyncio.run(requeue())
        except (StoreRefused, JobNotFound) as error:
            raise EnqueueRefused(str(error)) from error
        except StoreError as error:
            raise EnqueueInDoubt(str(error)) from error

    def cancel(self, job: str) -> None:
        try:
            self._client.cancel(job)
        except StoreRefused as error:
            raise EnqueueRefused(str(error)) from error
        except StoreError as error:
            raise EnqueueInDoubt(str(error)) from error

    def close(self) -> None:
        self._client.close()


_WORKER = python(f"{__package__}.worker")

TARGET = Target(
    name="rrq_ref",
    promises=GUARANTEES,
    worker=Command(_WORKER),
    producer=RrqProducer,
    inspector=final.inspector,
    wire=Wire(moments=wire.MOMENTS, decoder=wire.decoder),
    forkable=Forkable(warm=_warm, work=_work),
    fleet=lambda workers: Command([*_WORKER, str(workers)]),
    prepare=_load_scripts,
    shows={"tokens", "retries", "effects", "keys", "health", "state"},
    packages=("redis", "hiredis", "uvloop"),
)
