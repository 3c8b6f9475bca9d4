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

from chaos.history.events import FinalJob
from chaos.rig.problem import RigProblem
from chaos.rig.progress import Progress
from chaos.rig.remains import remains_of
from chaos.rig.seen import Seen
from chaos.rig.setup import Setup
from chaos.rig.unseen import fate_of, state_of
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
    asking = rig.setup.target.asks
    assert asking is not None, "a target without an inspector has handlers that ask"
    asked = [*rig.seen.jobs]
    if not all(map(rig.seen.over, asked)):
        _let_come_back(rig, asked)
    few = len(rig.seen.jobs) <= _FEW
    asked = [job for job in rig.seen.jobs if few or not rig.seen.done(job)]
    with closing(rig.server.client()) as client:
        left = remains_of(client, {job: asking.names_of(job) for job in asked})
    return [
        FinalJob(
            job=job,
            state=state_of(fate_of(asking, job, left.get(job, frozenset()))),
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
