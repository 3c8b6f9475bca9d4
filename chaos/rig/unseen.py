"""What can be told of jobs in a queue that nobody can look into: by how their runs have ended, and
by what they leave in the store."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Mapping
from typing import Literal

import redis

from chaos.history.events import FinalJob, State
from chaos.rig.remains import Remains, given_up, remains_of
from chaos.targets.asking import Asking

Fate = Literal["done", "recorded as failed", "never recorded", "given up", "stranded", "lost"]
"""What became of a job: a run of it succeeded, and the store has that, or has it as a failure, or
still has the job as one that waits or runs; or none did, and the job was given up, or is still
somewhere in the store, or nowhere."""

#: Between two looks for jobs that are done and not yet recorded.
_LOOK_S = 0.2


def fate_of(asking: Asking, job: str, left: Remains) -> Fate:
    """What became of a job that leaves this, once nothing more is to be expected."""
    known = {"held", "completed"} <= asking.leaves.keys()
    if asking.succeeded(job):
        completed = asking.leaves.get("completed", frozenset())
        if not known or left == completed or frozenset() < completed <= left:
            return "done"  # with more than that, if an earlier run has left something behind
        if given_up(left, asking.leaves):
            return "recorded as failed"
        return "never recorded" if left & (asking.leaves["held"] - completed) else "done"
    if asking.over(job) or given_up(left, asking.leaves):
        return "given up"
    return "stranded" if left else "lost"


def state_of(fate: Fate) -> State:
    """The final state of a job by its fate. Nobody knows more of one than that it is missing, if no
    run of it has come to an end."""
    if fate in ("stranded", "lost"):
        return "missing"
    return "dead" if fate == "given up" else "completed"


class Unseen:
    """Stands in for an inspector, on a database that belongs to the rig: `clean` empties it.

    A job is left to do until a run of it has ended, well or with a failure, and it is not among
    those that wait or run any longer.
    """

    def __init__(self, url: str, asking: Asking) -> None:
        self._redis = redis.Redis.from_url(url)
        self._asking = asking
        self._looked_s, self._unrecorded = 0.0, list[str]()

    def left(self, jobs: Iterable[str]) -> list[str]:
        """Those of these jobs that are left to do."""
        jobs = list(jobs)
        return [job for job in jobs if not self._asking.over(job)] or self._not_recorded(jobs)

    def _not_recorded(self, jobs: Collection[str]) -> list[str]:
        if time.monotonic() - self._looked_s > _LOOK_S:
            fates = self.fates(jobs)
            self._unrecorded = [job for job in jobs if fates[job] == "never recorded"]
            self._looked_s = time.monotonic()
        return [job for job in self._unrecorded if job in jobs]

    def fates(self, jobs: Iterable[str]) -> Mapping[str, Fate]:
        """What became of each job, if this is the end. Raises `redis.RedisError`."""
        return {job: fate_of(self._asking, job, its) for job, its in self._remains(jobs).items()}

    def _remains(self, jobs: Iterable[str]) -> Mapping[str, Remains]:
        return remains_of(self._redis, {job: self._asking.names_of(job) for job in jobs})

    def final_state(self, jobs: Iterable[str]) -> Iterable[FinalJob]:
        for job, left in self._remains(jobs).items():
            yield FinalJob(
                job=job,
                state=state_of(fate_of(self._asking, job, left)),
                left=", ".join(sorted(left)),
            )

    def clean(self) -> None:
        self._redis.flushdb()
        self._looked_s, self._unrecorded = 0.0, []

    def close(self) -> None:
        self._redis.close()
