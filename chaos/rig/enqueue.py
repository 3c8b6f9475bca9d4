"""Enqueue jobs, and write down what the producer knows about each."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from chaos.targets.target import EnqueueInDoubt, EnqueueRefused, Job, Producer, WorkerSettings


def enqueue(
    producer: Producer, jobs: Sequence[Job], settings: WorkerSettings, write: Callable[..., None]
) -> EnqueueRefused | EnqueueInDoubt | None:
    """Enqueue `jobs` in one call; `write` is a `Recorder`'s. Returns what was wrong, if anything.

    A job's id must not have been enqueued before: it also names the operation. What ends this call
    in any other way (a signal, a killed greenlet) leaves an operation without an outcome, which the
    checks take for one that may have happened.
    """
    for job in jobs:
        now = time.monotonic_ns()
        write(
            "enqueue",
            t=now,
            phase="invoke",
            op=job.id,
            job=job.id,
            kind=job.kind,
            queue=settings.queue,
            unique=job.unique,
            due_t=now + job.delay_ms * 1_000_000 if job.delay_ms else None,
            max_retries=job.max_retries,
            max_crashes=settings.max_crashes,
            effects=job.effects,
            doomed=job.doomed,
            resists=job.resists,
        )
    try:
        answers = producer.enqueue(jobs)
    except (EnqueueRefused, EnqueueInDoubt) as error:
        phase = "fail" if isinstance(error, EnqueueRefused) else "info"
        for job in jobs:
            write("enqueue", phase=phase, op=job.id, job=job.id, error=str(error))
        return error
    for job, answer in zip(jobs, answers, strict=True):
        write("enqueue", phase="ok", op=job.id, job=job.id, answer_job=answer)
    return None
