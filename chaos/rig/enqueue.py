"""Enqueue jobs, and write down what the producer knows about each."""

from __future__ import annotations

import time
from collections.abc import Sequence

from chaos.history import Write
from chaos.history.events import EnqueueFailed, EnqueueInvoked, EnqueueOk, EnqueueUncertain
from chaos.targets import EnqueueInDoubt, EnqueueRefused, Job, Producer, WorkerSettings


def enqueue(
    producer: Producer, jobs: Sequence[Job], settings: WorkerSettings, write: Write
) -> EnqueueRefused | EnqueueInDoubt | None:
    """Enqueue `jobs` in one call; `write` is a `Recorder`'s. Returns what was wrong, if anything.

    A job's id must not have been enqueued before: it also names the operation. What ends this call
    in any other way (a signal, a killed greenlet) leaves an operation without an outcome, which the
    checks take for one that may have happened.
    """
    for job in jobs:
        now = time.monotonic_ns()
        invoked = EnqueueInvoked(
            op=job.id,
            job=job.id,
            kind=job.kind,
            unique=job.unique,
            due_t=now + job.delay_ms * 1_000_000 if job.delay_ms else None,
            max_retries=job.max_retries,
            max_crashes=settings.max_crashes,
            effects=job.effects,
            doomed=job.doomed,
            resists=job.resists,
            deadly=job.deadly,
        )
        write(invoked, t=now)
    try:
        answers = producer.enqueue(jobs)
    except (EnqueueRefused, EnqueueInDoubt) as error:
        outcome = EnqueueFailed if isinstance(error, EnqueueRefused) else EnqueueUncertain
        for job in jobs:
            write(outcome(op=job.id, job=job.id, error=str(error)))
        return error
    for job, answer in zip(jobs, answers, strict=True):
        write(EnqueueOk(op=job.id, job=job.id, answer_job=answer))
    return None
