"""Where the users of one Locust process enqueue, and write down what they know about each job."""

# Locust leaves some of its methods without types.
# mypy: allow-untyped-calls

from __future__ import annotations

import fcntl
import itertools
import os
import secrets
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import gevent  # type: ignore[import-untyped]  # it ships no types
from locust.env import Environment
from locust.exception import StopUser

from chaos.history.recorder import Recorder
from chaos.rig.enqueue import enqueue
from chaos.targets import find_target
from chaos.targets.target import Job, Producer, WorkerSettings


class Bench:
    """One per process. `stand` is the keeper's `ready` message.

    It holds the run's door open (a shared lock) while a test runs here: the keeper judges when all
    have let go of it. The kernel lets go for a process that was killed.
    """

    def __init__(self, environment: Environment, stand: dict[str, Any]) -> None:
        self.stand = stand
        self._environment = environment
        history = Path(stand["history"])
        if not history.is_dir():
            raise FileNotFoundError(
                f"{history} is not here: Locust's workers must run on the machine of their master,"
                " whose clock and disk they share"
            )
        self._name = secrets.token_hex(4)
        name = f"producer-{self._name}"
        self._recorder = Recorder(history / f"{name}.jsonl", name)
        self._target = find_target(stand["target"])
        self._settings = WorkerSettings(**stand["settings"])
        self._numbers = itertools.count(1)
        self._door: int | None = None

    def enter(self) -> None:
        """Hold the door open. Raises `StopUser` once the run is being judged."""
        if self._door is not None:
            return
        door = os.open(self.stand["door"], os.O_RDWR | os.O_CLOEXEC)
        try:
            fcntl.flock(door, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(door)
            raise StopUser from None
        self._door = door

    def leave(self) -> None:
        """Nothing more is enqueued here until the next `enter`."""
        if self._door is not None:
            os.close(self._door)
            self._door = None

    def connect(self) -> Producer:
        """A connection for one user."""
        return self._target.producer(Path(self.stand["url_file"]).read_text(), self._settings)

    def job_id(self, label: str) -> str:
        """Never given before, in no process of this run; the label stands before the first dash."""
        return f"{label}-{self._name}-{next(self._numbers):06d}"

    def enqueue(self, producer: Producer, label: str, jobs: Sequence[Job]) -> None:
        """Enqueue in one call, which is one request of the type `enqueue` and of this name.

        A user that Locust stops in the middle leaves when the call has ended: it would otherwise
        not be known whether the jobs exist.
        """
        call = gevent.spawn(self._enqueue, producer, label, jobs)
        try:
            call.get()
        except gevent.GreenletExit:
            call.join()
            raise

    def _enqueue(self, producer: Producer, label: str, jobs: Sequence[Job]) -> None:
        began = time.perf_counter()
        error = enqueue(producer, jobs, self._settings, self._recorder.write)
        self._environment.events.request.fire(
            request_type="enqueue",
            name=label,
            response_time=1000 * (time.perf_counter() - began),
            response_length=0,
            exception=error,
        )


_bench: Bench | None = None


def bench_of(environment: Environment) -> Bench:
    """This process' bench in the present run, which the master has told to Locust's workers."""
    global _bench
    stand = vars(environment.parsed_options)["stand"]
    if _bench is None or _bench.stand != stand:
        _bench = Bench(environment, stand)
    return _bench


def leave() -> None:
    """As `Bench.leave`, whether there is one or not."""
    if _bench is not None:
        _bench.leave()
