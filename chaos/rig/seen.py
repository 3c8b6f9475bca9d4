"""The view of a run while it goes on: in the store, and in the lines that handlers write."""

from __future__ import annotations

import time
from collections.abc import Sequence

import psutil

from chaos.history import Write
from chaos.history.events import FinalWorker, Health
from chaos.rig.problem import RigProblem
from chaos.rig.worker import Worker
from chaos.targets import CountsDead, Inspector, Job, ShowsHealth

#: Between two looks at the health keys.
_SAMPLE_S = 0.1


class Seen:
    """Conditions for `rig.wait`. What the target's inspector shows is only asked where there is
    one."""

    def __init__(
        self, inspector: Inspector | None, workers: Sequence[Worker], record: Write, still_s: float
    ) -> None:
        self._inspector = inspector
        self._workers = workers
        self._record = record
        self._sampled_at = 0.0
        #: The store answers nobody, by the rig's doing: it is asked nothing.
        self.blind = False
        #: Without an inspector: work that has not moved for this long is taken for stuck.
        self._still_s = still_s
        self._moved = 0
        self._moved_at = time.monotonic()
        #: Every job that was asked for, in the order in which it was heard of first.
        self.jobs: dict[str, None] = {}

    # Handlers

    def started(self, job: str) -> bool:
        """True if any process has started a job."""
        return any(worker.started(job) for worker in self._workers)

    def all_started(self, jobs: Sequence[Job]) -> bool:
        """True if each of these has been started by some process."""
        started = set[str]().union(*(worker.started_jobs() for worker in self._workers))
        return started.issuperset(job.own_id for job in jobs)

    def started_by_another(self, job: str, than: Worker) -> bool:
        """True if a process other than this one has started a job."""
        return any(worker.started(job) for worker in self._workers if worker is not than)

    def done(self, job: str) -> bool:
        """True if any process has succeeded in a job."""
        return any(worker.succeeded(job) for worker in self._workers)

    def over(self, job: str) -> bool:
        """True if the last run of a job has ended, well or with a failure."""
        return self.done(job) or max(worker.last(job) for worker in self._workers)[1]

    def moves(self) -> int:
        """A number that grows with each start and end of a handler."""
        return sum(worker.starts() + worker.ends() for worker in self._workers)

    def done_by_another(self, job: str, than: Worker) -> bool:
        """True if a process other than this one has succeeded in a job."""
        return any(worker.succeeded(job) for worker in self._workers if worker is not than)

    # The store

    def backlog(self) -> int:
        """Jobs that are queued or being worked on. Raises `RigProblem` without an inspector."""
        if self._inspector is None:
            raise _unseen("inspector, so its backlog")
        return self._inspector.backlog()

    def dead_lettered(self) -> int:
        """Jobs in the dead-letter queue. Raises `RigProblem` where they cannot be counted."""
        if not isinstance(self._inspector, CountsDead):
            raise _unseen("inspector that counts dead letters, so these")
        return self._inspector.dead_lettered()

    def healthy(self, worker: Worker) -> bool:
        """True if the store shows this worker as alive. Raises `RigProblem` if it cannot."""
        if not isinstance(self._inspector, ShowsHealth):
            raise _unseen("inspector that shows health keys, so these")
        health = self._inspector.health([*worker.ids()])
        return any(ttl_ms is not None for ttl_ms in health.values())

    def unhealthy(self, worker: Worker) -> bool:
        """The opposite."""
        return not self.healthy(worker)

    def idle(self) -> bool:
        """True if no work is left, as far as can be seen.

        Without an inspector: every job has succeeded, or nobody has written a line for as long as
        the recovery of a job may take.
        """
        if self._inspector is not None:
            return not self._inspector.backlog()
        moved = self.moves()
        if moved != self._moved:
            self._moved, self._moved_at = moved, time.monotonic()
        if time.monotonic() - self._moved_at > self._still_s:
            return True
        return all(self.done(job) for job in self.jobs)

    # Health keys

    def sample(self, *, at_once: bool = False) -> None:
        """Write down which workers the store shows as alive: now and then, or `at_once`."""
        if self.blind or not isinstance(self._inspector, ShowsHealth):
            return
        if not at_once and time.monotonic() - self._sampled_at < _SAMPLE_S:
            return
        self._sampled_at = time.monotonic()
        ids = [worker for each in self._workers for worker in each.ids()]
        for worker, ttl_ms in self._inspector.health(ids).items():
            self._record(Health(worker=worker, seen=ttl_ms is not None))

    def final_workers(self) -> list[FinalWorker]:
        """Of each worker that there was: whether it lives, and whether the store shows it."""
        if not isinstance(self._inspector, ShowsHealth):
            return []
        pids = {worker: pid for each in self._workers for worker, pid in each.ids().items()}
        health = self._inspector.health(list(pids))
        return [
            FinalWorker(worker=worker, alive=_exists(pid), seen=health[worker] is not None)
            for worker, pid in pids.items()
        ]


def _unseen(what: str) -> RigProblem:
    return RigProblem(
        f"the target has no {what} cannot be read; give it one, or choose a scenario that does not"
        " wait for that"
    )


def _exists(pid: int) -> bool:
    return bool(psutil.pid_exists(pid))
