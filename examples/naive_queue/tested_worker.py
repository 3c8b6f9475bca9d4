"""The naive queue's worker with a handler that the rig understands."""

from __future__ import annotations

import asyncio
import os
from typing import Any

from chaos.targets import WorkerSpec
from chaos.targets.behaviour import Attempt, WorkerLog, behave
from examples.naive_queue.queue import Job, Queue
from examples.naive_queue.worker import work

spec = WorkerSpec.from_environment()
log = WorkerLog(spec.history, spec.name)
worker = f"worker-{os.getpid()}"


def handler(job: Job) -> Any:
    attempt = Attempt(job=job.id, worker=worker)
    with log.recorded(attempt):
        return asyncio.run(behave(job.arguments["plan"], attempt))


if __name__ == "__main__":
    log.hello(worker)
    work(Queue(spec.url, spec.settings.queue), {"behave": handler}, burst=spec.burst)
