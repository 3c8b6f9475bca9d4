"""The one place of a Locust process that enqueues, and records what is known of each job."""

# Locust leaves some of its methods without types.
# mypy: allow-untyped-calls

from __future__ import annotations

import itertools
import secrets
import time
from collections.abc import Sequence
from typing import Any

import gevent  # type: ignore[import-untyped]  # it ships no types
from locust.env import Environment
from locust.exception import StopUser

from chaos.history.recorder import Recorder
from chaos.load.lock import ProducersLock
from chaos.load.protocol import Ready
from chaos.rig.enqueue import enqueue
from chaos.targets import Job, Producer, find_target


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
        self._lock = ProducersLock(ready.lock)

    def enter(self) -> None:
        """Be a producer from now on. Raises `StopUser` once the run is being judged."""
        if not self._lock.enter():
            raise StopUser

    def leave(self) -> None:
        """Enqueue nothing more, until the next `enter`."""
        self._lock.leave()

    def connect(self) -> Producer:
        """A connection for one user."""
        return self._target.producer(self._ready.url_file.read_text(), self._ready.settings)

    def job_id(self, label: str) -> str:
        """A new id, in no process of this run given before; `label` stands before its first
        dash."""
        return f"{label}-{self._name}-{next(self._numbers):06d}"

    def enqueue(self, producer: Producer, label: str, jobs: Sequence[Job]) -> None:
        """Enqueue in one call, which is one request of the type `enqueue` and of this name.

        A user that Locust stops in the middle leaves when the call has ended: otherwise nobody
        would know whether the jobs exist.
        """
        call = gevent.spawn(self._enqueue, producer, label, jobs)
        try:
            call.get()
        except gevent.GreenletExit:
            call.join()
            raise

    def _enqueue(self, producer: Producer, label: str, jobs: Sequence[Job]) -> None:
        began = time.perf_counter()
        error = enqueue(producer, jobs, self._ready.settings, self._recorder.write)
        self._environment.events.request.fire(
            request_type="enqueue",
            name=label,
            response_time=1000 * (time.perf_counter() - began),
            response_length=0,
            exception=error,
        )


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
