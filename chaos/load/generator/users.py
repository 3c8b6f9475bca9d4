"""The users and the jobs that they enqueue. This is the locustfile: `locust -f` takes its path.

Give names of classes at the end of Locust's command line to have only these.
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random
from typing import Any, ClassVar

from locust import User, constant_throughput, task

# Locust finds this file anywhere, and makes only its directory importable, and the current one
# before all others, where another folder `chaos/` may be. From the beginning of the
# path it removes again what it has put there.
_ROOT = str(Path(__file__).resolve().parents[3])
sys.path.insert(1, _ROOT)
try:
    from chaos.load.generator import enqueuer, session
    from chaos.processes.modules import look_here_last
    from chaos.targets import Job, Producer
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
    "BulkEnqueues",
    "DeferredJobs",
    "Enqueuing",
    "FailingJobs",
    "LongJobs",
    "SingleEnqueues",
    "UniqueJobs",
    "session",  # imported for its listeners
]

_numbers: Iterator[int] = itertools.count()


class Enqueuing(User):
    """Somebody who enqueues: a connection, a source of chance, and a name for the statistics."""

    abstract = True
    label: ClassVar[str]
    _producer: Producer | None = None

    def on_start(self) -> None:
        self._enqueuer = enqueuer.enqueuer_of(self.environment)
        self._enqueuer.enter()
        self._producer = self._enqueuer.connect()
        options, runner = self.environment.parsed_options, self.environment.runner
        # The seed fixes what each user does, not how they take turns.
        place = getattr(options, "seed", 0), getattr(runner, "worker_index", 0), next(_numbers)
        self.random = Random(repr((self.label, *place)))

    def on_stop(self) -> None:
        if self._producer is not None:
            self._producer.close()

    def job(self, do: str = "ok", *, ms: int = 0, times: int = 0, **fields: Any) -> Job:
        """A new job; `do`, `ms` and `times` as in `chaos.targets.behaviour`."""
        plan = {"do": do, "ms": ms, "times": times}
        return Job(id=self._enqueuer.job_id(self.label), plan=plan, **fields)

    def enqueue(self, jobs: Sequence[Job]) -> None:
        """Enqueue in one call."""
        assert self._producer is not None
        self._enqueuer.enqueue(self._producer, self.label, jobs)


class SingleEnqueues(Enqueuing):
    """Short jobs, one by one, ten a second."""

    label = "single"
    weight = 6
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
    weight = 4
    wait_time = constant_throughput(5)

    @task
    def later(self) -> None:
        self.enqueue([self.job(delay_ms=self.random.randrange(100, 3_000))])


class FailingJobs(Enqueuing):
    """Jobs that fail up to four times; three runs are all they have, so some go to the DLQ."""

    label = "failing"
    weight = 4
    wait_time = constant_throughput(5)

    @task
    def fail(self) -> None:
        self.enqueue([self.job("fail", times=self.random.randrange(5), max_retries=3)])


class UniqueJobs(Enqueuing):
    """Jobs under one of twenty keys; while one lives, the next is answered with it."""

    label = "unique"
    weight = 3
    wait_time = constant_throughput(10)

    @task
    def same(self) -> None:
        key = f"key-{self.random.randrange(20)}"
        self.enqueue([self.job(ms=self.random.randrange(300), unique=key)])


class LongJobs(Enqueuing):
    """Jobs that run longer than a lock lives: it has to be renewed while they do."""

    label = "long"
    weight = 2
    wait_time = constant_throughput(0.5)

    @task
    def long(self) -> None:
        self.enqueue([self.job(ms=self.random.randrange(2_000, 4_000))])
