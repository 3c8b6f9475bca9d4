"""What is varied, and the measurements at each point of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from benchmarks.growing import rounds
from benchmarks.growing.rounds import Figures
from benchmarks.parts.stand import Stand
from benchmarks.reference import queue

#: All results of a round together have no more bytes than this.
_RESULT_BYTES = 128_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """How much is measured at a point."""

    jobs: int
    pickups: int
    #: Seconds for which idle workers are watched.
    idle_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """One thing that is varied, with its points."""

    name: str
    title: str
    points: tuple[int, ...]
    #: The figures of one round at one of the points.
    measure: Callable[[Stand, int, Effort, Random], Figures]
    #: More figures, for which one round is enough.
    once: Callable[[Stand, int, Effort], Figures] | None = None


def _waiting(stand: Stand, jobs: int, effort: Effort, random: Random) -> Figures:
    some = jobs < effort.jobs
    rounds.let_wait(stand, effort.jobs if some else jobs)
    figures = rounds.drain(stand, effort.jobs, at_a_time=jobs if some else None)
    figures |= rounds.enqueue(stand, effort.jobs, waiting=jobs)
    queue.prepare(stand.admin)
    queue.fill(stand.admin, jobs, in_a_day=True)
    return figures | rounds.pick_up(stand, effort.pickups, random)


def _queues(stand: Stand, count: int, effort: Effort, random: Random) -> Figures:
    names = [f"queue-{n}" for n in range(1, count + 1)]
    queue.fill(stand.admin, effort.jobs, names)
    figures = rounds.drain(stand, effort.jobs, queues=names)
    figures |= rounds.enqueue(stand, effort.jobs, queues=names)
    queue.prepare(stand.admin)
    return figures | rounds.pick_up(stand, effort.pickups, random, queues=names)


def _workers(stand: Stand, count: int, effort: Effort, random: Random) -> Figures:
    rounds.let_wait(stand, effort.jobs)
    figures = rounds.drain(stand, effort.jobs, fleet=count)
    return figures | rounds.pick_up(stand, effort.pickups, random, fleet=count)


def _idle_workers(stand: Stand, count: int, effort: Effort) -> Figures:
    return rounds.idle(stand, count, effort.idle_s)


def _results(stand: Stand, size: int, effort: Effort, _: Random) -> Figures:
    jobs = min(effort.jobs, _RESULT_BYTES // size)
    queue.fill(stand.admin, jobs, function_name="text", job_args=json.dumps([size]))
    return rounds.drain(stand, jobs)


WAITING = Axis(
    name="waiting", title="jobs waiting", points=(10, 1_000, 100_000, 1_000_000), measure=_waiting
)
AXES = (
    WAITING,
    Axis(name="queues", title="queues of one worker", points=(1, 4, 16, 64), measure=_queues),
    Axis(
        name="workers",
        title="workers",
        points=(1, 2, 4, 8, 16, 32),
        measure=_workers,
        once=_idle_workers,
    ),
    Axis(
        name="results",
        title="bytes of a result",
        points=(10, 1_000, 10_000, 100_000, 1_000_000),
        measure=_results,
    ),
)
