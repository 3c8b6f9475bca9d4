"""A producer that enqueues all the time, beside what the scenario does."""

from __future__ import annotations

import itertools
import threading
from random import Random
from types import TracebackType
from typing import Self

from chaos.history import Write
from chaos.rig.enqueue import enqueue
from chaos.targets import Job, Producer, WorkerSettings

#: Jobs at once, and the pause between two enqueues.
_BATCH = 5
_PAUSE_S = 0.05
#: An enqueue under way at the end may try for this long; then the producer hangs.
_JOIN_S = 30.0


class Load:
    """Runs in a thread of its own within the `with` block. Raises what the thread raised."""

    def __init__(
        self, name: str, producer: Producer, settings: WorkerSettings, random: Random, write: Write
    ) -> None:
        self._name = name
        self._producer = producer
        self._settings = settings
        self._random = random
        self._write = write
        self._numbers = itertools.count(1)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="load", daemon=True)
        self._error: BaseException | None = None
        #: Every job that was asked for, whatever came of it.
        self.job_ids: list[str] = []

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stop.set()
        self._thread.join(_JOIN_S)
        if error is None and self._thread.is_alive():
            raise TimeoutError(f"the producer did not come back within {_JOIN_S:g} s")
        if error is None and self._error is not None:
            raise self._error

    def _run(self) -> None:
        try:
            while not self._stop.is_set():
                jobs = [self._job() for _ in range(_BATCH)]
                self.job_ids += [job.own_id for job in jobs]
                enqueue(self._producer, jobs, self._settings, self._write)
                self._stop.wait(_PAUSE_S)
        except BaseException as error:  # noqa: BLE001 - raised again where the block ends
            self._error = error
        finally:
            self._producer.close()

    def _job(self) -> Job:
        chance = self._random
        plan: dict[str, object] = {"do": "ok", "ms": chance.randint(1, 30)}
        delay_ms = 0
        match chance.randrange(10):
            case 0:
                plan = {"do": "fail", "times": chance.randint(1, 2)}
            case 1:
                plan["ms"] = chance.randint(300, 900)
            case 2:
                delay_ms = chance.randint(100, 1_000)
        return Job(id=f"{self._name}-{next(self._numbers):05d}", plan=plan, delay_ms=delay_ms)
