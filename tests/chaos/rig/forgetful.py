"""A target that must fail: its producer acknowledges a job that it never hands to the queue."""

from __future__ import annotations

from collections.abc import Sequence

from chaos.targets.rrq_ref.target import RrqRef
from chaos.targets.target import Job, Producer, WorkerSettings


class Forgetful(RrqRef):
    name = "forgetful"

    def producer(self, url: str, settings: WorkerSettings) -> Producer:
        return _Forgetful(super().producer(url, settings))


class _Forgetful(Producer):
    def __init__(self, honest: Producer) -> None:
        self._honest = honest

    def enqueue(self, jobs: Sequence[Job]) -> list[str]:
        self._honest.enqueue(jobs[1:])
        return [job.id for job in jobs]

    def close(self) -> None:
        self._honest.close()


TARGET = Forgetful()
