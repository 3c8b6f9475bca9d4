"""One round: fill the queue, let idle processes work on it, and measure the cost."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.parts import gauges, loop
from benchmarks.parts.stand import Stand
from benchmarks.parts.waiting import wait_until
from benchmarks.parts.workers import idle_workers
from benchmarks.reference import queue
from benchmarks.reference.queue import Contender
from chaos.processes import Process

#: Seconds between two looks at whether all jobs are done. Each look costs the server about 20 µs,
#: in the floor's rounds as in the others'.
_NAP_S = 0.005


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The plan of a round."""

    contender: Contender
    jobs: int
    processes: int
    concurrency: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """The measurements of a round."""

    jobs_per_s: float
    #: CPU time of the worker processes, and of the server's main thread.
    worker_us_per_job: float
    redis_us_per_job: float
    calls_per_job: float
    bytes_per_job: float
    #: The largest of all processes; None if the system does not tell.
    peak_rss_mb: float | None
    #: The floor's rounds are filled by the bare loop, the others by `enqueue_many`.
    enqueued_per_s: float


def play(stand: Stand, plan: Plan) -> Round:
    """Play one round. Raises `BenchmarkProblem` if jobs failed or nothing moved any longer."""
    queue.prepare(stand.admin)
    memory = gauges.memory(stand.admin)
    enqueued_per_s = _fill(stand.server.url, plan)
    queue.hold_back(stand.admin)
    argv = queue.command(plan.contender, plan.concurrency)
    with idle_workers(stand, argv, plan.contender, processes=plan.processes) as processes:
        cpu_s = _cpu_s(processes)
        seconds, used = _run(stand, plan, processes)
        cpu_s = _cpu_s(processes) - cpu_s
        peaks = [gauges.peak_rss_mb(process.pid) for process in processes]
    return Round(
        jobs_per_s=plan.jobs / seconds,
        worker_us_per_job=cpu_s / plan.jobs * 1e6,
        redis_us_per_job=used.cpu_s / plan.jobs * 1e6,
        calls_per_job=used.calls / plan.jobs,
        bytes_per_job=(gauges.memory(stand.admin) - memory) / plan.jobs,
        peak_rss_mb=max((peak for peak in peaks if peak is not None), default=None),
        enqueued_per_s=enqueued_per_s,
    )


def _cpu_s(processes: Sequence[Process]) -> float:
    return sum(gauges.cpu_s(gauges.family(process.pid)) for process in processes)


def _fill(url: str, plan: Plan) -> float:
    """Enqueue the jobs. Returns how many per second."""
    enqueue = queue.enqueue_bare if plan.contender == "floor" else queue.enqueue_many
    began = time.perf_counter()
    loop.run(enqueue(url, plan.jobs))
    return plan.jobs / (time.perf_counter() - began)


def _run(stand: Stand, plan: Plan, processes: Sequence[Process]) -> tuple[float, gauges.Usage]:
    """Let all jobs run. Returns the seconds that they took, and the server's use meanwhile."""
    admin = stand.admin
    before = gauges.usage(admin)
    began = time.perf_counter()
    queue.let_go(admin, plan.processes)
    wait_until(lambda: queue.left(admin) == 0, "jobs to finish", processes, nap_s=_NAP_S)
    seconds = time.perf_counter() - began
    used = gauges.usage(admin) - before
    queue.check_all_completed(admin)
    return seconds, used
