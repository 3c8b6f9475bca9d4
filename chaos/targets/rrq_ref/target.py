"""The reference queue as a target. It promises everything."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any, NoReturn

import redis

from chaos.faults import Match
from chaos.guarantees import GUARANTEES
from chaos.targets.target import (
    EnqueueInDoubt,
    EnqueueRefused,
    Inspector,
    Job,
    Producer,
    Target,
    WorkerSettings,
    WorkerSpec,
)
from chaos.wire import Exchange
from rrq_ref import Client, JobNotFound, NewJob, StoreError, StoreRefused, SyncClient, scripts
from rrq_ref.scripts import Answer

from . import final, wire
from .settings import EFFECTS, settings_of


class RrqRef(Target):
    name = "rrq_ref"
    promises = frozenset(GUARANTEES)
    packages = ("redis", "hiredis", "uvloop")

    def prepare(self, url: str) -> None:
        with redis.Redis.from_url(url) as client:
            for script in scripts.ALL:
                client.script_load(script.text)

    def worker_command(self) -> list[str]:
        return [sys.executable, "-m", f"{__package__}.worker"]

    def warm(self) -> None:
        for module in (f"{__package__}.worker", "redis.asyncio", "hiredis", "uvloop"):
            with contextlib.suppress(ImportError):  # the last two need not be there
                importlib.import_module(module)

    def work(self, spec: WorkerSpec) -> NoReturn:
        from .worker import work  # it imports this module

        work(spec)

    def fleet_command(self, workers: int) -> list[str]:
        return [*self.worker_command(), str(workers)]

    def __init__(self) -> None:
        self._confirmations: wire.Confirmations | None = None

    def producer(self, url: str, settings: WorkerSettings) -> Producer:
        self._confirmations = None if settings.durability == "none" else wire.Confirmations()
        return _Producer(url, settings)

    def inspector(self, url: str, settings: WorkerSettings) -> Inspector:
        return final.RrqInspector(url, settings.queue, EFFECTS)

    def moments(self) -> Mapping[str, Match]:
        return wire.MOMENTS

    def transitions(self, exchange: Exchange) -> Iterable[dict[str, Any]]:
        if self._confirmations is not None:
            return self._confirmations.transitions(exchange)
        return wire.transitions(exchange)


class _Producer(Producer):
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


TARGET = RrqRef()
