"""Pick-up latency: from sending an enqueue to an idle worker until its handler starts; or to the
bare loop, until that has the job."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from benchmarks.parts import loop
from benchmarks.parts.problem import BenchmarkProblem
from benchmarks.parts.stand import Stand
from benchmarks.parts.waiting import wait_until
from benchmarks.parts.workers import idle_workers
from benchmarks.reference import queue
from benchmarks.reference.queue import Contender
from rrq_ref import Client, Settings

JOBS_PER_S = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Pickup:
    """Two samples of the same length, in microseconds."""

    #: Round trips of PING, by the client that enqueues, between its enqueues.
    ping_us: list[float]
    latency_us: list[float]


def measure(
    stand: Stand,
    contender: Contender,
    jobs: int,
    random: Random,
    *,
    concurrency: int,
    queues: Sequence[str] = queue.QUEUES,
    fleet: int = 1,
) -> Pickup:
    """Enqueue `jobs` one by one, 20 a second on average, each to one of the queues of idle workers.
    Jobs that are there before are not due."""
    admin, url = stand.admin, stand.server.url
    before = queue.left(admin, queues)
    argv = queue.command(contender, concurrency, queues, fleet)
    with idle_workers(stand, argv, contender, fleet=fleet) as workers:
        sent, ping_us = loop.run(_send(url, jobs, random, queues))
        wait_until(lambda: queue.left(admin, queues) <= before, "jobs to finish", workers)
        started = loop.run(_started(url, list(sent)))
    latency_us = [(at - sent[job_id]) / 1000 for job_id, at in started.items()]
    return Pickup(ping_us=ping_us, latency_us=latency_us)


async def _send(
    url: str, jobs: int, random: Random, queues: Sequence[str]
) -> tuple[dict[str, int], list[float]]:
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
            name = random.choice(queues)
            now = time.monotonic_ns()
            sent[(await client.enqueue("started_at", queue=name)).id] = now
    return sent, ping_us


async def _started(url: str, job_ids: list[str]) -> dict[str, int]:
    """The time at which each handler started, by job id: the jobs' results."""
    async with Client(Settings(redis_url=url)) as client:
        jobs = await client.store.jobs(job_ids)
    found = {job.id: job.result for job in jobs if job is not None}
    if len(found) != len(job_ids) or None in found.values():
        raise BenchmarkProblem(f"of {len(job_ids)} jobs not all left a result")
    return found
