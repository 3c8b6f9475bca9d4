"""What is asked of the scripts and what they answer, without any I/O.

`store` sends these calls over an async connection and `client` over a plain one as well; what is
decided here is decided once for both.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from . import keys, scripts
from .errors import StoreError
from .job import Job, NewJob
from .scripts import Answer, Script
from .settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call of one script."""

    script: Script
    keys: Sequence[str]
    args: Sequence[Any]

    def command(self) -> tuple[Any, ...]:
        return ("EVALSHA", self.script.sha, len(self.keys), *self.keys, *self.args)


@dataclass(frozen=True, slots=True)
class Lease:
    """One attempt's hold on a job: what every later write of the attempt must show."""

    #: Index into the worker's queues.
    queue: int
    job_id: str
    #: The fencing token.
    token: int


@dataclass(frozen=True, slots=True)
class Claimed:
    """A job as it was handed to a worker; arguments are still JSON."""

    lease: Lease
    function: bytes | None
    args: bytes | None
    kwargs: bytes | None
    #: RRQ 0.11 has one object in the place of `args` and `kwargs`.
    params: bytes | None
    retries: int
    max_retries: int
    timeout_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """The answer to one claim."""

    jobs: list[Claimed]
    #: Until the next job is due or the next lock expires; None = nothing is waiting.
    due_in_s: float | None
    #: Jobs queued or locked, those just claimed included.
    left: int
    taken_back: list[str]
    buried: list[str]
    dropped: list[str]


@dataclass(frozen=True, slots=True)
class Finish:
    lease: Lease
    result: str
    #: JSON list of Redis commands, "" for none.
    effects: str = ""


@dataclass(frozen=True, slots=True)
class Retry:
    lease: Lease
    error: str
    delay_ms: int


@dataclass(frozen=True, slots=True)
class Bury:
    lease: Lease
    reason: str
    error: str


@dataclass(frozen=True, slots=True)
class Release:
    lease: Lease


Outcome = Finish | Retry | Bury | Release


class EffectRefused(StoreError):
    """The server refused an effect (wrong type, no such command); the job is not completed."""


_ANSWERS = {answer.value.encode(): answer for answer in Answer}


def answer_of(reply: bytes) -> Answer | EffectRefused:
    """The word of a script as an `Answer`."""
    found = _ANSWERS.get(reply)
    return found if found is not None else EffectRefused(reply.decode(errors="replace"))


def enqueue(new: NewJob, settings: Settings) -> tuple[Call, Job]:
    """The call that stores `new`, and the job as it will be; raises `InvalidJob`."""
    job_id = new.job_id or str(uuid.uuid4())
    queue = keys.queue_name(new.queue or settings.queues[0])
    stored = new.fields(settings, queue)
    names = [keys.job(job_id), keys.queue(queue), keys.wake(queue)]
    if new.unique_key is not None:
        names.append(keys.unique(new.unique_key))
    call = Call(script=scripts.ENQUEUE, keys=names, args=[job_id, *new.due(), keys.JOB, *stored])
    fields = {str(k): str(v) for k, v in zip(stored[::2], stored[1::2], strict=True)}
    return call, Job.from_hash(job_id, {"status": "PENDING", **fields})


class WorkerCalls:
    """The calls of one worker, over its queues."""

    def __init__(self, worker_id: str, settings: Settings) -> None:
        names = [keys.queue_name(name) for name in settings.queues]
        self.queues = [keys.queue(name) for name in names]
        self.locks = [keys.locks(name) for name in names]
        self.dlqs = [keys.dlq(name) for name in names]
        self.hints = [keys.wake(name) for name in names]
        self._id = worker_id
        self._settings = settings
        self._claim_keys = [keys.claim(worker_id)]
        for columns in zip(self.queues, self.locks, self.dlqs, self.hints, strict=True):
            self._claim_keys += columns

    def claim(self, number: int, want: int) -> Call:
        s = self._settings
        args = [self._id, number, want, s.lock_ttl_ms, s.max_crashes, s.dlq_ttl_s]
        return Call(
            script=scripts.LOCK_AND_POP, keys=self._claim_keys, args=[*args, keys.JOB, keys.UNIQUE]
        )

    def claimed(self, reply: list[Any]) -> Claim:
        """Read the answer to `claim`."""
        due_in_ms, left, flat, taken_back, buried, dropped = reply
        return Claim(
            jobs=list(self._jobs(flat)),
            due_in_s=None if due_in_ms < 0 else due_in_ms / 1000,
            left=left,
            taken_back=[job_id.decode() for job_id in taken_back[::2]],
            buried=[job_id.decode() for job_id in buried[::2]],
            dropped=[job_id.decode() for job_id in dropped],
        )

    def _jobs(self, flat: list[Any]) -> Iterator[Claimed]:
        s = self._settings
        fields = iter(flat)
        for queue, job_id, token, function, args, kwargs, params, retries, most, timeout in zip(
            *[fields] * 10, strict=True
        ):
            yield Claimed(
                Lease(queue - 1, job_id.decode(), token),
                function,
                args,
                kwargs,
                params,
                int(retries or 0),
                int(most or s.max_retries),
                float(timeout or s.job_timeout_s),
            )

    def refresh(self, leases: Sequence[Lease]) -> Call:
        args: list[Any] = [self._id, self._settings.lock_ttl_ms, keys.JOB]
        for lease in leases:
            args += (lease.queue + 1, lease.job_id, lease.token)
        return Call(script=scripts.REFRESH_LOCKS, keys=self.locks, args=args)

    def finish(self, finishes: Sequence[Finish]) -> Call:
        args: list[Any] = [self._id, self._settings.result_ttl_s, keys.JOB, keys.UNIQUE]
        for done in finishes:
            lease = done.lease
            args += (lease.queue + 1, lease.job_id, lease.token, done.result, done.effects)
        return Call(script=scripts.FINISH, keys=self.locks, args=args)

    def other(self, outcome: Retry | Bury | Release) -> Call:
        """The call for one outcome that is not a completion."""
        lease, s = outcome.lease, self._settings
        q = lease.queue
        job, who = keys.job(lease.job_id), [lease.job_id, self._id, lease.token]
        match outcome:
            case Retry():
                script = scripts.RETRY
                names = [job, self.queues[q], self.locks[q], self.dlqs[q], self.hints[q]]
                args = [*who, outcome.error, outcome.delay_ms, s.max_retries, s.dlq_ttl_s]
                args += [keys.JOB, keys.UNIQUE]
            case Bury():
                script = scripts.BURY
                names = [job, self.locks[q], self.dlqs[q]]
                args = [*who, outcome.reason, outcome.error, s.dlq_ttl_s, keys.JOB, keys.UNIQUE]
            case Release():
                script = scripts.RELEASE
                names = [job, self.queues[q], self.locks[q], self.hints[q]]
                args = who
        return Call(script=script, keys=names, args=args)


def requeue(job: Job, dlq: str) -> Call:
    """The call that gives a dead job a new life in its own queue."""
    queue = job.queue or dlq
    names = [keys.job(job.id), keys.dlq(dlq), keys.queue(queue), keys.wake(queue)]
    if job.unique_key is not None:
        names.append(keys.unique(job.unique_key))
    return Call(script=scripts.REQUEUE_DLQ, keys=names, args=[job.id, keys.JOB])
