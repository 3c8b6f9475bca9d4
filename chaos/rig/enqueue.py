"""Enqueue jobs, and write down what the producer knows about each."""

from __future__ import annotations

import time
from collections.abc import Sequence
from secrets import token_hex

from chaos.history import Write
from chaos.history.events import EnqueueFailed, EnqueueInvoked, EnqueueOk, EnqueueUncertain
from chaos.targets import EnqueueInDoubt, EnqueueRefused, Job, Producer, WorkerSettings


def enqueue(
    producer: Producer, jobs: Sequence[Job], settings: WorkerSettings, write: Write
) -> EnqueueRefused | EnqueueInDoubt | None:
    """Enqueue `jobs` in one call; `write` is a `Recorder`'s. Returns what was wrong, if anything.

    What ends this call in any other way (a signal, a killed greenlet) leaves an operation without
    an outcome, which the checks take for one that may have happened.
    """
    ops = [f"{job.id or job.kind}/{token_hex(4)}" for job in jobs]
    for op, job in zip(ops, jobs, strict=True):
        now = time.monotonic_ns()
        invoked = EnqueueInvoked(
            op=op,
            job=job.id,
            kind=job.kind,
            queue=job.queue or settings.queue,
            handler=job.handler,
            arguments=job.arguments,
            returns=job.returns,
            unique=job.unique,
            due_t=_due_t(job, now),
            max_retries=job.max_retries,
            max_crashes=settings.max_crashes,
            effects=job.effects,
            doomed=job.doomed,
            resists=job.resists,
            point=" ".join(f"{name}={value}" for name, value in job.point.items()) or None,
        )
        write(invoked, t=now)
    try:
        answers = producer.enqueue(jobs)
    except (EnqueueRefused, EnqueueInDoubt) as error:
        outcome = EnqueueFailed if isinstance(error, EnqueueRefused) else EnqueueUncertain
        for op, job in zip(ops, jobs, strict=True):
            write(outcome(op=op, job=job.id, error=str(error)))
        return error
    for op, job, answer in zip(ops, jobs, answers, strict=True):
        write(EnqueueOk(op=op, job=job.id or answer, answer_job=answer))
    return None


def _due_t(job: Job, now: int) -> int | None:
    """When a job is due, on the clock of the history; None: at once."""
    if job.defer_until is not None:
        return max(0, now + int((job.defer_until - time.time()) * 1e9))
    return now + job.delay_ms * 1_000_000 if job.delay_ms else None
