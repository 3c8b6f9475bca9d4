"""The one place of a Locust process that enqueues, and records what is known of each job."""

# Locust leaves some of its methods without types.
# mypy: allow-untyped-calls

from __future__ import annotations

import itertools
import secrets
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from random import Random
from typing import Any

import gevent  # type: ignore[import-untyped]  # it ships no types
from gevent.lock import BoundedSemaphore  # type: ignore[import-untyped]
from locust.env import Environment
from locust.exception import StopUser

from chaos.history.events import EnqueueFailed, EnqueueInvoked, EnqueueOk, EnqueueUncertain
from chaos.history.recorder import Recorder
from chaos.jobs.making import draw, job_of
from chaos.jobs.space import SPACE, Coverage
from chaos.load.lock import ProducersLock
from chaos.load.protocol import Ready
from chaos.rig.enqueue import enqueue, named
from chaos.targets import CanRequeue, EnqueueInDoubt, EnqueueRefused, Job, Producer, find_target


class Enqueuer:
    """One for each process. It holds the run's lock while a test runs here, since the supervisor
    judges once nobody holds it."""

    def __init__(self, environment: Environment, ready: Ready) -> None:
        self._environment = environment
        self._ready = ready
        if not ready.history.is_dir():
            raise FileNotFoundError(
                f"{ready.history} is not here: Locust's workers must run on the machine of their"
                " master, whose clock and disk they share"
            )
        self._name = secrets.token_hex(4)
        name = f"producer-{self._name}"
        self._recorder = Recorder(ready.history / f"{name}.jsonl", name)
        self._target = find_target(ready.target)
        self._numbers = itertools.count(1)
        self._drawn = 0
        self._seen = Coverage()
        self._looping: list[Producer] = []
        self._lock = ProducersLock(ready.lock)

    def enter(self) -> None:
        """Be a producer from now on. Raises `StopUser` once the run is being judged."""
        if not self._lock.enter():
            raise StopUser

    def leave(self) -> None:
        """Enqueue nothing more, until the next `enter`."""
        self._lock.leave()

    @property
    def history(self) -> Path:
        """The directory of the run's histories."""
        return self._ready.history

    @property
    def queues(self) -> tuple[str, ...]:
        """The run's queues, in order of priority."""
        return self._ready.settings.queues

    def connect(self, client: str = "sync") -> Producer:
        """A connection for one user; of the usual client where the target has no such one."""
        make = self._target.clients.get(client, self._target.producer)
        producer = make(self._ready.url_file.read_text(), self._ready.settings)
        if client != "sync":
            self._looping.append(producer)
        return producer

    def close(self, producer: Producer) -> None:
        """Close a user's connection."""
        with self._turn(producer):
            producer.close()

    def _turn(self, producer: Producer) -> AbstractContextManager[object]:
        """Holds back others that have an event loop: this one thread runs one loop at a time."""
        looping = any(producer is each for each in self._looping)
        return _loop if looping else nullcontext()

    def draw(self, label: str, random: Random, n: int, client: str = "sync") -> list[Job]:
        """Draw jobs from the space that kill no worker. One whose id is enqueued twice stands there
        twice."""
        first, self._drawn = self._drawn + 1, self._drawn + n
        return draw(
            random,
            n,
            name=f"{label}-{self._name}",
            first=first,
            queues=self.queues,
            takes={*self._target.takes} - {"crashes"},
            client=client,
            seen=self._seen,
        )

    def draw_crash(self, label: str, random: Random) -> Job:
        """Draw a job that kills its worker, if the target can take it."""
        self._drawn += 1
        crashes = random.choice(("once", "twice")) if "crashes" in self._target.takes else "never"
        given = {"crashes": crashes, "batch": "one", "client": "sync"}
        point = SPACE.point(random, given, self._target.takes, light=True)
        self._seen.add([point])
        return job_of(point, random, f"{label}-{self._name}", self._drawn, self.queues)

    def job_id(self, label: str) -> str:
        """A new id, in no process of this run given before; `label` stands before its first
        dash."""
        return f"{label}-{self._name}-{next(self._numbers):06d}"

    def enqueue(self, producer: Producer, label: str, jobs: Sequence[Job]) -> list[Job]:
        """Enqueue in one call, which is one request of the type `enqueue` and of this name. Returns
        those that are in doubt, to be enqueued again.

        A user that Locust stops in the middle leaves when the call has ended: otherwise nobody
        would know whether the jobs exist.
        """
        call = gevent.spawn(self._enqueue, producer, label, jobs)
        try:
            doubted: list[Job] = call.get()
        except gevent.GreenletExit:
            call.join()
            raise
        return doubted

    def at_once(self, label: str, *calls: tuple[Producer | None, Sequence[Job]]) -> None:
        """Enqueue over several connections at the same time."""
        greenlets = [
            gevent.spawn(self.enqueue, producer, label, jobs) for producer, jobs in calls if jobs
        ]
        try:
            gevent.joinall(greenlets, raise_error=True)
        except gevent.GreenletExit:
            gevent.joinall(greenlets)
            raise

    def requeue(self, producer: CanRequeue, job: str) -> None:
        """Give a dead job a new life, and record what is known of that."""
        about: dict[str, Any] = {"op": f"{job}-requeue", "job": job, "kind": "requeue"}
        self._recorder.write(EnqueueInvoked(**about))
        try:
            with _loop:
                producer.requeue(job)
        except EnqueueRefused as error:
            self._recorder.write(EnqueueFailed(error=str(error), **about))
        except EnqueueInDoubt as error:
            self._recorder.write(EnqueueUncertain(error=str(error), **about))
        else:
            self._recorder.write(EnqueueOk(**about))

    def _enqueue(self, producer: Producer, label: str, jobs: Sequence[Job]) -> list[Job]:
        began = time.perf_counter()
        with self._turn(producer):
            error = enqueue(producer, jobs, self._ready.settings, self._recorder.write)
        self._environment.events.request.fire(
            request_type="enqueue",
            name=label,
            response_time=1000 * (time.perf_counter() - began),
            response_length=0,
            exception=error,
        )
        return named(jobs, error) if isinstance(error, EnqueueInDoubt) else []


#: Held by the greenlet whose event loop runs.
_loop = BoundedSemaphore()
#: This process's, and the run that it is for.
_enqueuer: tuple[dict[str, Any], Enqueuer] | None = None


def enqueuer_of(environment: Environment) -> Enqueuer:
    """This process's enqueuer in the present run, about which the master has told its workers."""
    global _enqueuer
    told = vars(environment.parsed_options)["chaos_run"]
    if _enqueuer is None or _enqueuer[0] != told:
        _enqueuer = told, Enqueuer(environment, Ready.from_json(told))
    return _enqueuer[1]


def leave() -> None:
    """`Enqueuer.leave`, if there is an enqueuer."""
    if _enqueuer is not None:
        _enqueuer[1].leave()
