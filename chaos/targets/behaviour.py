"""The handler of a worker under test: it does what its job's plan says, and writes the history.

A plan is a small dictionary. `do` is one of

* `ok`: work for `ms` milliseconds (0), then succeed;
* `fail`: the first `times` attempts raise, later ones succeed;
* `until`: raise while there is no file at `path`, succeed once there is;
* `hang`: never end by itself;
* `block`: keep the event loop busy for `ms` milliseconds in the first `times` attempts (all), then
  succeed;
* `resist`: work for `ms` milliseconds and swallow every cancellation meanwhile;
* `unserialisable`: succeed with a result that has no JSON;
* `die`: SIGKILL the worker process.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chaos.errors import ChaosError
from chaos.history import Event, Recorder
from chaos.history.worker_events import End, Hello, Outcome, Start, Vitals

#: Between two looks of a worker at itself.
_EXAMINE_S = 0.25


class Planned(ChaosError):
    """A failure that the job's plan asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One start of a handler, as the queue under test names it."""

    #: Id of the job.
    job: str
    #: Id of the worker.
    worker: str
    #: Fencing token, where the queue has one.
    token: int | None = None
    #: 1 for the job's first attempt, where the queue counts them.
    number: int = 1


class WorkerLog:
    """Writes the history of one worker process, and of the processes that it forks."""

    def __init__(self, history: str, process: str) -> None:
        self._history = Path(history)
        self._process = process
        self._pid = os.getpid()
        self._recorder: Recorder | None = None
        self._greeted: set[str] = set()
        self._examined_at = 0.0

    def _write(self, event: Event) -> None:
        if self._recorder is None or self._pid != os.getpid():
            self._recorder = self._open()
        self._recorder.write(event)

    def _open(self) -> Recorder:
        """A forked worker has a file of its own: `<parent's name>.<pid>`."""
        if self._pid == os.getpid():
            return Recorder(self._history, self._process)
        self._pid = os.getpid()
        name = f"{self._process}.{self._pid}"
        self._process = name
        return Recorder(self._history.with_name(f"{name}.jsonl"), name)

    def hello(self, worker: str) -> None:
        """Say, once, that the worker with this id lives in this process."""
        if worker not in self._greeted:
            self._greeted.add(worker)
            self._write(Hello(worker=worker))

    @contextmanager
    def recorded(self, attempt: Attempt) -> Iterator[None]:
        """Write down the start and the end of an attempt, which is this block."""
        self.hello(attempt.worker)
        self._write(Start(job=attempt.job, token=attempt.token, worker=attempt.worker))
        outcome: Outcome = "error"
        try:
            yield
            outcome = "ok"
        except asyncio.CancelledError:
            outcome = "cancelled"
            raise
        finally:
            self._write(End(job=attempt.job, token=attempt.token, outcome=outcome))
            self._examine()

    def _examine(self) -> None:
        """Write down what this process has grown to: now and then."""
        if time.monotonic() - self._examined_at < _EXAMINE_S:
            return
        self._examined_at = time.monotonic()
        try:
            tasks = len(asyncio.all_tasks())
        except RuntimeError:  # in a thread, which has no event loop
            return
        self._write(Vitals(tasks=tasks, blocks=sys.getallocatedblocks()))


async def behave(plan: Mapping[str, Any], attempt: Attempt) -> Any:
    """Do what the plan says; raises `Planned` where it says so."""
    seconds = plan.get("ms", 0) / 1000
    match plan.get("do", "ok"):
        case "fail" if attempt.number <= plan["times"]:
            raise Planned(f"attempt {attempt.number} of {plan['times']} that fail")
        case "until" if not os.access(plan["path"], os.F_OK):
            raise Planned("it is not mended yet")
        case "hang":
            await asyncio.sleep(86_400)
        case "block" if (attempt.token or attempt.number) <= plan.get("times", 1_000_000):
            time.sleep(seconds)  # noqa: ASYNC251 - that is the fault
        case "resist":
            await _resist(seconds)
        case "unserialisable":
            return object()
        case "die":
            os.kill(os.getpid(), signal.SIGKILL)
        case _:
            await asyncio.sleep(seconds)
    return None


async def _resist(seconds: float) -> None:
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        try:
            await asyncio.sleep(left)
        except asyncio.CancelledError:
            continue
