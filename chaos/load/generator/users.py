"""The users and the jobs that they enqueue. This is the locustfile: `locust -f` takes its path.

Give names of classes at the end of Locust's command line to have only these.
"""

from __future__ import annotations

import itertools
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any, ClassVar

from locust import User, constant_throughput, task

# Locust finds this file anywhere, but puts only its directory and the current one on the module
# path. There a project may have a folder `chaos/` of its own, so ours goes before it: not at the
# very beginning, from which Locust removes its own entry again.
_ROOT = str(Path(__file__).resolve().parents[3])
sys.path.insert(1, _ROOT)
try:
    from chaos.load.generator import enqueuer, session
    from chaos.processes.modules import look_here_last
    from chaos.targets import CanCancel, CanRequeue, EnqueueInDoubt, EnqueueRefused, Job, Producer
except ImportError as error:
    print(
        f"error: the load test cannot start without a package that it needs ({error}); install"
        " what is missing: pip install 'rrq-chaos[load]'",
        file=sys.stderr,
    )
    sys.exit(2)
sys.path.remove(_ROOT)
look_here_last()

__all__ = [
    "AsyncEnqueues",
    "Batches",
    "BulkEnqueues",
    "CrashingJobs",
    "DeferredJobs",
    "DrawnJobs",
    "Enqueuing",
    "FailingJobs",
    "LongJobs",
    "Operators",
    "SingleEnqueues",
    "Twins",
    "UniqueJobs",
    "session",  # imported for its listeners
]

_numbers: Iterator[int] = itertools.count()
#: Calls for jobs whose enqueue is in doubt.
_TRIES = 5
#: Sizes of batches, each with its weight.
_BATCHES = {1: 2, 20: 3, 100: 4, 250: 2, 1_000: 1}
#: Time after which an operator comes back to a job.
_LATER_S = 1.0


class Enqueuing(User):
    """Somebody who enqueues: a connection, a source of chance, and a name for the statistics."""

    abstract = True
    label: ClassVar[str]
    #: The client that it uses (`Target.clients`).
    client: ClassVar[str] = "sync"
    _producer: Producer | None = None

    def on_start(self) -> None:
        self._enqueuer = enqueuer.enqueuer_of(self.environment)
        self._enqueuer.enter()
        self._producer = self._enqueuer.connect(self.client)
        options, runner = self.environment.parsed_options, self.environment.runner
        # The seed fixes what each user does, not how they take turns.
        place = getattr(options, "seed", 0), getattr(runner, "worker_index", 0), next(_numbers)
        self.random = Random(repr((self.label, *place)))

    def on_stop(self) -> None:
        if self._producer is not None:
            self._enqueuer.close(self._producer)

    def job(self, do: str = "ok", *, ms: int = 0, times: int = 0, **fields: Any) -> Job:
        """A new job; `do`, `ms` and `times` as in `chaos.targets.behaviour`."""
        plan: dict[str, Any] = {"do": do, "ms": ms}
        plan |= {"times": times} if times else {}
        return Job(id=self._enqueuer.job_id(self.label), plan=plan, **fields)

    def enqueue(self, jobs: Sequence[Job]) -> None:
        """Enqueue in one call; what is in doubt is asked for again."""
        for _ in range(_TRIES):
            if not jobs:
                return
            assert self._producer is not None
            jobs = self._enqueuer.enqueue(self._producer, self.label, jobs)


class SingleEnqueues(Enqueuing):
    """Short jobs, one by one, ten a second."""

    label = "single"
    weight = 3
    wait_time = constant_throughput(10)

    @task
    def one(self) -> None:
        self.enqueue([self.job(ms=self.random.randrange(5))])


class BulkEnqueues(Enqueuing):
    """A hundred short jobs in one call, once a second."""

    label = "bulk"
    weight = 1
    wait_time = constant_throughput(1)

    @task
    def many(self) -> None:
        self.enqueue([self.job() for _ in range(100)])


class DeferredJobs(Enqueuing):
    """Jobs that are not to start before up to three seconds have passed."""

    label = "deferred"
    weight = 1
    wait_time = constant_throughput(5)

    @task
    def later(self) -> None:
        self.enqueue([self.job(delay_ms=self.random.randrange(100, 3_000))])


class FailingJobs(Enqueuing):
    """Jobs that fail up to four times; three runs are all they have, so some go to the DLQ."""

    label = "failing"
    weight = 1
    wait_time = constant_throughput(5)

    @task
    def fail(self) -> None:
        self.enqueue([self.job("fail", times=self.random.randrange(5), max_retries=3)])


class UniqueJobs(Enqueuing):
    """Jobs under one of twenty keys; while one lives, the next is answered with it."""

    label = "unique"
    weight = 2
    wait_time = constant_throughput(10)

    @task
    def same(self) -> None:
        key = f"key-{self.random.randrange(20)}"
        self.enqueue([self.job(ms=self.random.randrange(300), unique=key)])


class LongJobs(Enqueuing):
    """Jobs that run longer than a lock lives: it has to be renewed while they do."""

    label = "long"
    weight = 1
    wait_time = constant_throughput(0.5)

    @task
    def long(self) -> None:
        self.enqueue([self.job(ms=self.random.randrange(2_000, 4_000))])


class DrawnJobs(Enqueuing):
    """A few jobs from the whole space of jobs; at the same time, another connection enqueues those
    whose id is given twice."""

    label = "drawn"
    weight = 5
    wait_time = constant_throughput(4)

    def on_start(self) -> None:
        super().on_start()
        self._other = self._enqueuer.connect()

    def on_stop(self) -> None:
        self._enqueuer.close(self._other)
        super().on_stop()

    @task
    def some(self) -> None:
        self.both(self._enqueuer.draw(self.label, self.random, self.random.choice((1, 2, 5))))

    def both(self, jobs: Sequence[Job]) -> None:
        """Enqueue the first job of each id here, and the second one over the other connection."""
        first: dict[str | None, Job] = {}
        mine: list[Job] = []
        others: list[Job] = []
        for job in jobs:
            (others if job.id is not None and job.id in first else mine).append(job)
            first[job.id] = job
        self._enqueuer.at_once(self.label, (self._producer, mine), (self._other, others))


class Twins(DrawnJobs):
    """Two producers that enqueue jobs with the same ids at the same time."""

    label = "twins"
    weight = 1
    wait_time = constant_throughput(1)

    @task
    def some(self) -> None:
        jobs = [*{job.id: job for job in self._enqueuer.draw(self.label, self.random, 5)}.values()]
        jobs = [job for job in jobs if job.id is not None]
        self._enqueuer.at_once(self.label, (self._producer, jobs), (self._other, jobs[::-1]))


class Batches(DrawnJobs):
    """One job to a thousand in one call, from the whole space of jobs."""

    label = "batches"
    weight = 1
    wait_time = constant_throughput(0.3)

    @task
    def some(self) -> None:
        size = self.random.choices([*_BATCHES], [*_BATCHES.values()])[0]
        self.both(self._enqueuer.draw(self.label, self.random, size))


class CrashingJobs(Enqueuing):
    """Jobs of every kind that kill their worker, once or twice."""

    label = "crashing"
    weight = 1
    wait_time = constant_throughput(0.3)

    @task
    def crash(self) -> None:
        self.enqueue([self._enqueuer.draw_crash(self.label, self.random)])


class AsyncEnqueues(Enqueuing):
    """A few jobs from the whole space, by the target's async client where it has one."""

    label = "async"
    weight = 2
    wait_time = constant_throughput(3)
    client: ClassVar[str] = "async"

    @task
    def some(self) -> None:
        jobs = self._enqueuer.draw(self.label, self.random, self.random.choice((1, 3)), "async")
        self.enqueue([*{job.id or id(job): job for job in jobs}.values()])


class Operators(Enqueuing):
    """Cancel jobs that wait, run or are deferred, and requeue jobs that are dead."""

    label = "operators"
    weight = 1
    wait_time = constant_throughput(1)

    def on_start(self) -> None:
        super().on_start()
        #: Jobs to come back to, each with the time of its enqueue.
        self._jobs: list[tuple[float, Job]] = []

    def on_stop(self) -> None:
        self._come_back(0.0)
        super().on_stop()

    @task
    def operate(self) -> None:
        path = str(self._enqueuer.history.parent / f"mended-{self._enqueuer.job_id('')}")
        jobs = [
            self.job("hang", doomed=True, timeout_s=10),
            self.job(doomed=True, delay_ms=600_000),
            self.job(doomed=True, queue=self._enqueuer.queues[-1]),
            self.until(path),
        ]
        self.enqueue(jobs)
        now = time.monotonic()
        self._jobs += [(now, job) for job in jobs]
        self._come_back(_LATER_S)

    def until(self, path: str) -> Job:
        """A job that fails, and is dead, until somebody mends it."""
        job = self.job("until", max_retries=1, doomed=True)
        return replace(job, plan={**job.plan, "path": path})

    def _come_back(self, after_s: float) -> None:
        """Cancel or requeue each job that was enqueued so long ago."""
        while self._jobs and time.monotonic() - self._jobs[0][0] >= after_s:
            _, job = self._jobs.pop(0)
            with suppress(EnqueueRefused, EnqueueInDoubt):
                if job.kind == "until" and isinstance(self._producer, CanRequeue):
                    Path(job.plan["path"]).touch()
                    self._enqueuer.requeue(self._producer, job.own_id)
                elif isinstance(self._producer, CanCancel):
                    self._producer.cancel(job.own_id)
