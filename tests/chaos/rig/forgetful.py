"""A target that must fail: its producer acknowledges a job that it never hands to the queue."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from chaos.targets import Job, WorkerSettings
from chaos.targets.rrq_ref.target import TARGET as REFERENCE


class Forgetful:
    def __init__(self, url: str, settings: WorkerSettings) -> None:
        self._honest = REFERENCE.producer(url, settings)

    def enqueue(self, jobs: Sequence[Job]) -> list[str]:
        self._honest.enqueue(jobs[1:])
        return [job.own_id for job in jobs]

    def close(self) -> None:
        self._honest.close()


TARGET = replace(REFERENCE, name="forgetful", producer=Forgetful)
