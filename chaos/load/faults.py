"""Faults that hit the workers of a fleet, one after the other, while the load runs."""

from __future__ import annotations

import time
from dataclasses import dataclass

from chaos.faults import FAULTS
from chaos.processes import Descendant
from chaos.rig.rig import Rig
from chaos.rig.worker import Worker

#: On average, each worker is left alone for this long between two faults.
_REST_S = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Paused:
    """A worker that stands still, until `until` on the monotonic clock."""

    pid: int
    fault: str
    until: float


class WorkerFaults:
    """Kills or pauses workers at seeded random intervals.

    Only while all workers of the fleet are there: this puts the loss of a worker to the test. How
    fast a fleet comes back from the loss of all of them is the fleet's own matter.
    """

    def __init__(self, rig: Rig, fleet: Worker) -> None:
        self._rig = rig
        self._fleet = fleet
        self._kind: str | None = None
        self._wanted: set[str] = set()
        self._landed: set[str] = set()
        self._next_at = 0.0
        self._paused: _Paused | None = None

    def choose(self, kind: str | None) -> None:
        """From now on `kill` or `pause`, or nothing."""
        self._kind = kind
        if kind is not None:
            self._wanted.add(kind)
            self._next_at = time.monotonic() + self._rig.random.uniform(0.5, 1.0)

    def tend(self) -> None:
        """Do what is due."""
        now = time.monotonic()
        if self._paused is not None and (self._kind is None or now >= self._paused.until):
            self._resume()
        workers = self._fleet.living_children()
        whole = len(workers) == self._rig.setup.workers
        if self._kind is not None and now >= self._next_at and whole:
            self._hit(self._kind, self._rig.random.choice(workers))

    def _hit(self, kind: str, worker: Descendant) -> None:
        rig = self._rig
        rest_s = max(1.0, _REST_S / rig.setup.workers) * rig.random.uniform(0.5, 1.5)
        self._landed.add(kind)
        fault = rig.workers.hit(self._fleet, worker.pid, kind)
        if FAULTS[kind].lasts:
            settings = rig.setup.settings
            dead_to_others_s = max(settings.lock_ttl_ms, settings.health_ttl_ms) / 1000
            pause_s = dead_to_others_s * rig.random.uniform(1.2, 2.0)
            until = time.monotonic() + pause_s
            self._paused = _Paused(pid=worker.pid, fault=fault, until=until)
            rest_s += pause_s
        self._next_at = time.monotonic() + rest_s

    def _resume(self) -> None:
        if self._paused is not None:
            self._rig.workers.heal(self._fleet, self._paused.pid, self._paused.fault)
            self._paused = None

    def end(self) -> None:
        """Let everybody go on, and note the faults that were wanted and did not come about."""
        self._resume()
        for kind in sorted(self._wanted - self._landed):
            self._rig.workers.missed(kind, "the load ended before a worker was hit")
