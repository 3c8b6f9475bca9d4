"""The end of a run on a queue that nobody can look into: what a fresh worker leaves undone is lost.

A job that did not come back may still wait somewhere. So a fresh worker is started and given a
fresh job, the canary, and both have as long as the queue takes to bring back a dead worker's job.
If the canary has run and a job has not, that job is lost. If the canary has not run either, nobody
works, and nothing is known of the others.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from contextlib import closing
from typing import ParamSpec, Protocol

from chaos.history.events import FinalJob, State
from chaos.rig.problem import RigProblem
from chaos.rig.progress import Progress
from chaos.rig.remains import Remains, given_up, remains_of
from chaos.rig.seen import Seen
from chaos.rig.setup import Setup
from chaos.rig.workers import Workers
from chaos.servers import Server
from chaos.targets import Job

P = ParamSpec("P")

#: Of so many jobs it is told what each has left; of more, only where one was not done.
_FEW = 20
#: For a fresh job on a fresh worker.
_PATIENCE_S = 20.0


class Stage(Protocol):
    """What it needs of a `Rig`."""

    setup: Setup
    server: Server
    seen: Seen
    workers: Workers
    progress: Progress

    def job(self) -> Job: ...
    def enqueue(self, jobs: list[Job]) -> object: ...
    def let_work(self, seconds: float) -> None: ...
    def allow(
        self, seconds: float, condition: Callable[P, bool], *args: P.args, **more: P.kwargs
    ) -> bool: ...


def ends_of_jobs(rig: Stage) -> Iterable[FinalJob]:
    """What became of each job. Raises `RigProblem` when nobody works."""
    asked = [*rig.seen.jobs]
    if not all(map(rig.seen.over, asked)):
        _let_come_back(rig, asked)
    few = len(rig.seen.jobs) <= _FEW
    left = _left(rig, [job for job in rig.seen.jobs if few or not rig.seen.done(job)])
    return [
        FinalJob(
            job=job,
            state=_state(rig, job, left.get(job, frozenset())),
            left=", ".join(sorted(left[job])) if job in left else None,
        )
        for job in rig.seen.jobs
    ]


def _let_come_back(rig: Stage, jobs: list[str]) -> None:
    worker, canary = rig.workers.start(), rig.job()
    rig.enqueue([canary])
    rig.progress.say("some jobs did not come to an end: a fresh worker looks for them")
    if not rig.allow(_PATIENCE_S, rig.seen.done, canary.own_id):
        raise RigProblem(
            f"nobody works in the end: a fresh worker did not run a fresh job within"
            f" {_PATIENCE_S:g} s, so nobody knows whether the others are lost; see {worker.log}"
        )
    moved, end = -1, 0.0
    while not all(map(rig.seen.over, jobs)):
        if (now_moved := rig.seen.moves()) != moved:  # a job came back: others may follow it
            moved, end = now_moved, time.monotonic() + rig.setup.recovery_s
        if time.monotonic() > end:
            break
        rig.let_work(0.05)
    rig.workers.leave()


def _left(rig: Stage, jobs: list[str]) -> dict[str, Remains]:
    """What is left of each job in the store."""
    asking = rig.setup.target.asks
    assert asking is not None, "a target without an inspector has handlers that ask"
    with closing(rig.server.client()) as client:
        return remains_of(client, {job: asking.names_of(job) for job in jobs})


def _state(rig: Stage, job: str, left: Remains) -> State:
    """What became of a job. One that did not end may have been given up, which is told to whoever
    asks the queue for it."""
    if rig.seen.done(job):
        return "completed"
    asking = rig.setup.target.asks
    told = asking is not None and given_up(left, asking.leaves)
    return "dead" if told or rig.seen.over(job) else "missing"
