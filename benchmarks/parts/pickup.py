"""Pick-up latency: from sending an enqueue to an idle worker until its handler starts; or to the
bare loop, until that has the job."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from random import Random
from typing import Any

from benchmarks.parts import loop
from benchmarks.parts.problem import BenchmarkProblem
from benchmarks.parts.rounds import wait_idle
from benchmarks.parts.stand import Stand
from benchmarks.parts.waiting import wait_until
from benchmarks.reference import queue
from benchmarks.reference.queue import Contender
from chaos.processes import ProcessGroup
from rrq_ref import Client, Settings

JOBS_PER_S = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Pickup:
    """Samples in microseconds."""

    #: Round trips of PING, by the client that enqueues, between its enqueues.
    ping_us: list[float]
    latency_us: list[float]
    bare_us: list[float]


def measure(stand: Stand, jobs: int, random: Random, *, concurrency: int) -> Pickup:
    """Enqueue `jobs` one by one, 20 a second on average, to one idle worker; and a quarter as many
    to the bare loop."""
    _, bare_us = _measure(stand, "floor", max(1, jobs // 4), random, concurrency)
    ping_us, latency_us = _measure(stand, "rrq_ref", jobs, random, concurrency)
    return Pickup(ping_us=ping_us, latency_us=latency_us, bare_us=bare_us)


def _measure(
    stand: Stand, contender: Contender, jobs: int, random: Random, concurrency: int
) -> tuple[list[float], list[float]]:
    """The round trips of PING, and the latencies."""
    queue.prepare(stand.admin)
    url = stand.server.url
    with ProcessGroup(grace_s=10) as group:
        argv, log = queue.command(contender, concurrency), stand.directory / "pickup.log"
        worker = group.spawn(argv, log=log, env=queue.environment(url), name=contender)
        wait_idle(stand, [worker])
        sent, ping_us = loop.run(_send(url, jobs, random))
        wait_until(lambda: queue.left(stand.admin) == 0, "jobs to finish", [worker])
        started = loop.run(_started(url, list(sent)))
    return ping_us, [(at - sent[job_id]) / 1000 for job_id, at in started.items()]


async def _send(url: str, jobs: int, random: Random) -> tuple[dict[str, int], list[float]]:
    """The time in ns at which each job, by its id, was sent; and the round trips of PING in µs."""
    sent: dict[str, int] = {}
    ping_us: list[float] = []
    async with Client(Settings(redis_url=url)) as client:
        redis: Any = client.store.redis
        await redis.ping()
        for _ in range(jobs):
            # A PING comes after a pause as long as an enqueue's, so both find the same caches and
            # CPUs. The pause varies, so that it cannot keep step with the worker's polling.
            await asyncio.sleep(random.uniform(0.5, 1.5) / JOBS_PER_S / 2)
            began = time.monotonic_ns()
            await redis.ping()
            ping_us.append((time.monotonic_ns() - began) / 1000)
            await asyncio.sleep(random.uniform(0.5, 1.5) / JOBS_PER_S / 2)
            now = time.monotonic_ns()
            sent[(await client.enqueue("started_at")).id] = now
    return sent, ping_us


async def _started(url: str, job_ids: list[str]) -> dict[str, int]:
    """The time at which each handler started, by job id: the jobs' results."""
    async with Client(Settings(redis_url=url)) as client:
        jobs = await client.store.jobs(job_ids)
    found = {job.id: job.result for job in jobs if job is not None}
    if len(found) != len(job_ids) or None in found.values():
        raise BenchmarkProblem(f"of {len(job_ids)} jobs not all left a result")
    return found
