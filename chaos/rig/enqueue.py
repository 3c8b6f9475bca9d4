"""Enqueue jobs, and write down what the producer knows about each."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from itertools import chain, repeat
from secrets import token_hex

from chaos.history import Write
from chaos.history.events import EnqueueFailed, EnqueueInvoked, EnqueueOk, EnqueueUncertain
from chaos.jobs.space import told
from chaos.targets import EnqueueInDoubt, EnqueueRefused, Job, Producer, WorkerSettings

#: Looks at two clocks, of which the quickest counts.
_LOOKS = 5


def enqueue(
    producer: Producer,
    jobs: Sequence[Job],
    settings: WorkerSettings,
    write: Write,
    answered: list[str] | None = None,
) -> EnqueueRefused | EnqueueInDoubt | None:
    """Enqueue `jobs` in one call; `write` is a `Recorder`'s. Returns what was wrong, if anything.
    The ids that the queue answered are added to `answered`.

    What ends this call in any other way (a signal, a killed greenlet) leaves an operation without
    an outcome, which the checks take for one that may have happened.
    """
    call = token_hex(6)
    ops = [f"{job.id or job.kind}/{call}/{place}" for place, job in enumerate(jobs)]
    epoch = _epoch()  # once: the same time is the same for all of them
    for place, (op, job) in enumerate(zip(ops, jobs, strict=True)):
        now = time.monotonic_ns()
        invoked = EnqueueInvoked(
            op=op,
            job=job.id,
            kind=job.kind,
            call=call,
            place=place,
            queue=job.queue or settings.queue,
            handler=job.handler,
            arguments=job.arguments,
            returns=job.returns,
            unique=job.unique,
            due_t=_due_t(job, now, epoch),
            max_retries=job.max_retries,
            max_crashes=settings.max_crashes,
            effects=job.effects,
            doomed=job.doomed,
            resists=job.resists,
            deadly=job.deadly,
            timeout_ms=job.timeout_s * 1000,
            result_ttl_s=job.result_ttl_s,
            retry_delay_ms=_retry_delay_ms(job),
            refused=True if "refused" in job.plan or "clash" in job.plan else None,
            point=told(job.point),
        )
        write(invoked, t=now)
    try:
        answers = producer.enqueue(jobs)
    except EnqueueRefused as error:
        for op, job in zip(ops, jobs, strict=True):
            write(EnqueueFailed(op=op, job=job.id, error=str(error)))
        return error
    except EnqueueInDoubt as error:
        for op, known in zip(ops, _ids(jobs, error), strict=True):
            write(EnqueueUncertain(op=op, job=known, error=str(error)))
        return error
    # A queue that answers for fewer jobs has acknowledged all of them no less.
    for op, job, answer in zip(ops, jobs, chain(answers, repeat(None)), strict=False):
        write(EnqueueOk(op=op, job=job.id or answer, answer_job=answer))
    if answered is not None:
        answered.extend(answers)
    return None


def named(jobs: Sequence[Job], doubt: EnqueueInDoubt) -> list[Job]:
    """The jobs of an enqueue in doubt, with the ids under which they exist if they do.

    Enqueued again like this, there is one of each. Jobs whose ids nobody knows are left out.
    """
    known = _ids(jobs, doubt)
    return [replace(job, id=one) for job, one in zip(jobs, known, strict=True) if one is not None]


def _ids(jobs: Sequence[Job], doubt: EnqueueInDoubt) -> Sequence[str | None]:
    return doubt.jobs or [job.id for job in jobs]


def _epoch() -> int:
    """The time of the epoch on the clock of the history. It is the surest of some looks: a busy
    machine may keep this process waiting between its looks at the two clocks."""
    looks = []
    for _ in range(_LOOKS):
        before, there, after = time.monotonic_ns(), time.time_ns(), time.monotonic_ns()
        looks.append((after - before, before - there))
    return min(looks)[1]


def _due_t(job: Job, now: int, epoch: int) -> int | None:
    """When a job is due, on the clock of the history, on which it is now and was `epoch` at the
    epoch; None: at once."""
    if job.defer_until is not None:
        return max(0, epoch + int(job.defer_until * 1e9))
    return now + job.delay_ms * 1_000_000 if job.delay_ms else None


def _retry_delay_ms(job: Job) -> int | None:
    """The delay that a job's handler asks for after a failure."""
    delay_s = job.plan.get("delay_s")
    return None if delay_s is None else int(delay_s * 1000)
