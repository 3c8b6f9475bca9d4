"""The measurements of one point: drain, enqueue, pick-up, and idle workers."""

from __future__ import annotations

import time
from collections.abc import Coroutine, Sequence
from random import Random
from typing import Any

from benchmarks.parts import gauges, loop, pickup
from benchmarks.parts.figures import percentile
from benchmarks.parts.stand import Stand
from benchmarks.parts.waiting import wait_until
from benchmarks.parts.workers import idle_workers
from benchmarks.reference import queue
from benchmarks.reference.queue import QUEUES

CONCURRENCY = 100
"""Jobs at a time of each worker."""

Figures = dict[str, float]

#: Of the jobs that are enqueued in bulk, this part is enqueued one by one.
_SINGLE = 10
#: Seconds between two looks at whether the jobs are done: so many for each, and at most.
_NAP_S_PER_JOB, _NAP_S = 0.0001, 0.005


def drain(
    stand: Stand,
    jobs: int,
    *,
    at_a_time: int | None = None,
    queues: Sequence[str] = QUEUES,
    fleet: int = 1,
) -> Figures:
    """Let idle workers do `jobs` of the jobs that wait. They find all of them at once, or so many
    at a time, and those once the ones before are done."""
    admin = stand.admin
    held = queue.left(admin, queues)
    queue.hold_back(admin, queues)
    argv = queue.command("rrq_ref", CONCURRENCY, queues, fleet)
    with idle_workers(stand, argv, "rrq_ref", fleet=fleet) as workers:
        members = gauges.family(workers[0].pid)

        def until_left(rest: int, portion: int) -> None:
            nap_s = min(_NAP_S, portion * _NAP_S_PER_JOB)
            wait_until(lambda: queue.left(admin, queues) <= rest, "jobs", workers, nap_s=nap_s)

        cpu_s, before = gauges.cpu_s(members), gauges.usage(admin)
        began = time.perf_counter()
        if at_a_time is None:
            queue.let_go(admin, fleet, queues)
            until_left(held - jobs, jobs)
        else:
            for _ in range(0, jobs, at_a_time):
                queue.let_some_go(admin, at_a_time)
                until_left(0, at_a_time)
        seconds = time.perf_counter() - began
        done = held - queue.left(admin, queues)
        used = gauges.usage(admin) - before
        cpu_s = gauges.cpu_s(members) - cpu_s
    queue.check_all_completed(admin, queues)
    return {
        "jobs_per_s": done / seconds,
        "worker_us": cpu_s / done * 1e6,
        "redis_us": used.cpu_s / done * 1e6,
    }


def enqueue(
    stand: Stand, jobs: int, *, waiting: int = 0, queues: Sequence[str] = QUEUES
) -> Figures:
    """Enqueue some jobs one by one, and `jobs` in bulk, each time while so many wait."""
    url, singles = stand.server.url, max(1, jobs // _SINGLE)
    figures: Figures = {}
    for name, count, work in (
        ("single", singles, queue.enqueue_singly(url, singles, queues)),
        ("bulk", jobs, queue.enqueue_many(url, jobs, queues)),
    ):
        let_wait(stand, waiting, queues)
        figures |= _producing(stand, name, count, work)
    return figures


def _producing(stand: Stand, name: str, jobs: int, work: Coroutine[Any, Any, None]) -> Figures:
    before, began = gauges.usage(stand.admin), time.perf_counter()
    loop.run(work)
    seconds = time.perf_counter() - began
    used = gauges.usage(stand.admin) - before
    return {f"{name}_per_s": jobs / seconds, f"{name}_redis_us": used.cpu_s / jobs * 1e6}


def let_wait(stand: Stand, jobs: int, queues: Sequence[str] = QUEUES) -> None:
    """Let exactly so many jobs wait, due now."""
    more = jobs - queue.left(stand.admin, queues)
    if more < 0:
        queue.trim(stand.admin, jobs, queues)
    else:
        queue.fill(stand.admin, more, queues)


def pick_up(
    stand: Stand, jobs: int, random: Random, *, queues: Sequence[str] = QUEUES, fleet: int = 1
) -> Figures:
    """Pick-up latency of jobs that an idle worker can start at once."""
    given: dict[str, Any] = {"concurrency": CONCURRENCY, "queues": queues, "fleet": fleet}
    late_us = pickup.measure(stand, "rrq_ref", jobs, random, **given).latency_us
    return {f"pickup_p{n}_ms": percentile(late_us, n) / 1000 for n in (50, 95)}


def idle(stand: Stand, fleet: int, seconds: float) -> Figures:
    """The use of idle workers in a second: of all of them together, and of the server."""
    argv = queue.command("rrq_ref", CONCURRENCY, fleet=fleet)
    with idle_workers(stand, argv, "rrq_ref", fleet=fleet) as workers:
        members = gauges.family(workers[0].pid)
        time.sleep(seconds)  # their polls become rarer by and by
        cpu_s, before = gauges.cpu_s(members), gauges.usage(stand.admin)
        began = time.perf_counter()
        time.sleep(seconds)
        used, cpu_s = gauges.usage(stand.admin) - before, gauges.cpu_s(members) - cpu_s
        took_s = time.perf_counter() - began
    return {
        "idle_calls_per_s": used.calls / took_s,
        "idle_worker_ms": cpu_s / took_s * 1000,
        "idle_redis_ms": used.cpu_s / took_s * 1000,
    }
