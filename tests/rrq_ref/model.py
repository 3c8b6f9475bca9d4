"""The store as plain dictionaries: the model for the state machine's test."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from rrq_ref import keys

from .database import Dump

MAX_CRASHES = 2


@dataclass(frozen=True)
class Hold:
    """One attempt's hold on a job, and who has it."""

    worker: int
    job_id: str
    token: int


@dataclass
class ModelJob:
    status: str = "PENDING"
    unique: str | None = None
    max_retries: int = 2
    token: int = 0
    retries: int = 0
    lives: int = 0
    worker: int | None = None
    result: str | None = None
    reason: str | None = None
    #: Its lock ran out, and nobody has taken it back yet.
    expired: bool = False
    #: How the attempt of this token ended.
    ended: str | None = None
    #: Somebody has asked for its end while it ran.
    asked: bool = False
    #: Tokens of the attempts that count as crashes; the token of one that must not.
    charged: set[int] = field(default_factory=set)
    acquitted: int | None = None

    @property
    def live(self) -> bool:
        return self.status in ("PENDING", "ACTIVE", "RETRYING")


@dataclass
class Model:
    """The store. Only the server's clock says which jobs are due, and in which order."""

    jobs: dict[str, ModelJob] = field(default_factory=dict)
    dead: list[str] = field(default_factory=list)
    #: Effects that have been applied.
    applied: int = 0
    #: What each worker's last claim took, if its reply was lost.
    unanswered: dict[int, list[Hold]] = field(default_factory=dict)

    # Transitions; each answers as the script should

    def enqueue(self, job_id: str, unique: str | None, max_retries: int) -> str:
        """The id of the job that stands for this call."""
        if job_id in self.jobs:
            return job_id
        for holder, job in self.jobs.items():
            if unique is not None and job.live and job.unique == unique:
                return holder
        self.jobs[job_id] = ModelJob(unique=unique, max_retries=max_retries)
        return job_id

    def take_back(self) -> list[str]:
        """Take back expired locks. Returns the jobs that can be claimed again. An attempt counts as
        a crash, unless its worker has said that it lives."""
        freed = []
        for job_id, job in self.jobs.items():
            if job.expired and job.asked:
                self._stop(job)
                job.token += 1
            if job.expired:
                lived = job.acquitted == job.token
                if not lived:
                    job.charged.add(job.token)
                job.expired, job.worker, job.ended = False, None, None
                job.token += 1
                if not lived and len(job.charged) >= MAX_CRASHES:
                    self._bury(job_id, "poison")
                else:
                    job.status = "PENDING"
                    freed.append(job_id)
        return freed

    def claim(self, worker: int, job_ids: Sequence[str]) -> list[Hold]:
        holds = []
        for job_id in job_ids:
            job = self.jobs[job_id]
            job.status, job.worker, job.ended = "ACTIVE", worker, None
            job.token += 1
            holds.append(Hold(worker, job_id, job.token))
        return holds

    def claim_again(self, worker: int, want: int) -> tuple[list[Hold], list[Hold]]:
        """Repeat a claim whose reply was lost. Its jobs are given again, with renewed locks, or
        handed back if none are wanted. The jobs that it has lost are named."""
        asked = self.unanswered.pop(worker)
        holds = [hold for hold in asked if self.holds(hold)]
        lost = [hold for hold in asked if hold not in holds]
        for hold in holds:
            job = self.jobs[hold.job_id]
            job.expired = False
            if not want and job.asked:
                self._stop(job)
                job.token += 1
            elif not want:
                job.status, job.worker, job.ended = "PENDING", None, "release"
        return holds if want else [], lost

    def acquit(self, hold: Hold) -> str:
        """Record that a worker lives: an attempt that it lost is no crash."""
        job = self.jobs[hold.job_id]
        if self.holds(hold):
            job.acquitted = hold.token
        elif hold.token in job.charged:
            job.charged.remove(hold.token)
            if job.reason == "poison" and not (job.unique and self.holder(job.unique)):
                job.status, job.reason = "PENDING", None
                self.dead.remove(hold.job_id)
        else:
            return "REPEAT"
        return "DONE"

    def _stop(self, job: ModelJob) -> None:
        job.status, job.worker, job.expired, job.ended = "CANCELLED", None, False, None
        job.asked = False

    def cancel(self, job_id: str) -> str:
        job = self.jobs[job_id]
        match job.status:
            case "PENDING" | "RETRYING":
                job.status = "CANCELLED"
            case "ACTIVE":
                job.asked = True
                return "REQUESTED"
            case "COMPLETED" | "FAILED":
                return "ENDED"
        return "DONE"

    def holds(self, hold: Hold) -> bool:
        job = self.jobs.get(hold.job_id)
        return (
            job is not None
            and job.status == "ACTIVE"
            and (job.worker, job.token) == (hold.worker, hold.token)
        )

    def refresh(self, hold: Hold) -> bool:
        """Renew a lock, and those of the worker's claim that is unanswered. Returns whether the
        first was renewed."""
        for claimed in self.unanswered.get(hold.worker, []):
            if self.holds(claimed):
                self.jobs[claimed.job_id].expired = False
        if self.holds(hold):
            self.jobs[hold.job_id].expired = False
            return True
        return False

    def end(self, hold: Hold, how: str, result: str = "") -> set[str]:
        """End an attempt. Returns the answers that are allowed."""
        job = self.jobs[hold.job_id]
        if not self.holds(hold):
            if job.token != hold.token:
                return {"SUPERSEDED"}
            return {"REPEAT"} if job.ended == how else {"REPEAT", "SUPERSEDED"}
        job.worker, job.expired, job.ended = None, False, how
        if job.asked and how in ("release", "retry"):
            self._stop(job)
            job.ended = how
            return {"STOPPED"}
        match how:
            case "finish":
                job.status, job.result, job.worker = "COMPLETED", result, hold.worker
                self.applied += 1
            case "release":
                job.status = "PENDING"
            case "retry":
                job.status, job.retries = "RETRYING", job.retries + 1
                if job.retries < job.max_retries:
                    return {"DONE"}
                self._bury(hold.job_id, "retries")
            case "bury":
                self._bury(hold.job_id, "timeout")
        return {"BURIED"} if job.status == "FAILED" else {"DONE"}

    def _bury(self, job_id: str, reason: str) -> None:
        self.jobs[job_id].status = "FAILED"
        self.jobs[job_id].reason = reason
        self.dead.insert(0, job_id)

    def requeue(self, job_id: str) -> str:
        job = self.jobs[job_id]
        if job.status != "FAILED":
            return "REPEAT"
        if job.unique is not None and self.holder(job.unique):
            return "UNIQUE"
        job.status, job.reason, job.ended = "PENDING", None, None
        job.retries, job.lives = 0, job.lives + 1
        job.charged.clear()
        job.asked = False
        self.dead.remove(job_id)
        return "DONE"

    def delete(self, job_id: str) -> str:
        if self.jobs[job_id].status != "FAILED":
            return "REPEAT"
        self.dead.remove(job_id)
        del self.jobs[job_id]
        return "DONE"

    def holder(self, unique: str) -> str | None:
        for job_id, job in self.jobs.items():
            if job.live and job.unique == unique:
                return job_id
        return None

    # As the database should show it

    def picture(self) -> dict[str, Any]:
        jobs = self.jobs.items()
        return {
            "jobs": {
                job_id: (
                    *(job.status, job.token, job.retries, len(job.charged)),
                    *(job.worker, job.result, job.reason, job.lives),
                )
                for job_id, job in jobs
            },
            "queued": {job_id for job_id, job in jobs if job.status in ("PENDING", "RETRYING")},
            "locked": {job_id for job_id, job in jobs if job.status == "ACTIVE"},
            "dead": sorted(self.dead),
            "unique": {job.unique: job_id for job_id, job in jobs if job.live and job.unique},
            "applied": self.applied,
        }


def picture(dump: Dump) -> dict[str, Any]:
    """The same picture of a real database."""

    def value(key: str, default: Any) -> Any:
        return dump[key].value if key in dump else default

    hashes = {
        key.removeprefix(keys.job("")): stored.value
        for key, stored in dump.items()
        if key.startswith(keys.job(""))
    }
    return {
        "jobs": {job_id: _job(fields) for job_id, fields in hashes.items()},
        "queued": set(value(keys.queue("default"), ())),
        "locked": set(value(keys.locks("default"), ())),
        # Outcomes of one batch have no order between them.
        "dead": sorted(value(keys.dlq("default"), [])),
        "unique": {
            key.removeprefix(keys.unique("")): stored.value
            for key, stored in dump.items()
            if key.startswith(keys.unique(""))
        },
        "applied": int(value("app:applied", 0)),
    }


def _job(fields: dict[str, str]) -> tuple[Any, ...]:
    worker = fields.get("worker_id")
    return (
        fields["status"],
        int(fields.get("fencing_token", 0)),
        int(fields["current_retries"]),
        int(fields.get("crashes", 0)),
        None if worker is None else int(worker.removeprefix("worker-")),
        fields.get("result"),
        fields.get("dead_reason"),
        fields.get("error_history", "").count('"requeued"'),
    )
