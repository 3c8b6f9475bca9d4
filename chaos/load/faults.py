"""Faults that hit the workers of fleets, one after the other, while the load runs."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from chaos.faults import FAULTS
from chaos.load.protocol import ON_WIRE
from chaos.rig.rig import Rig
from chaos.rig.wire import At
from chaos.rig.worker import Worker

#: On average, each worker is left alone for this long between two signals, less where there are
#: several kinds of faults; and all of them between two faults on the wire.
_REST_S, _WIRE_REST_S = 10.0, 1.0
#: A reply is lost at one of this many next commands of a fleet.
_NEXT_COMMANDS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class _Lasting:
    """A fault that lasts until `until` on the monotonic clock, and what ends it."""

    until: float
    end: Callable[[], None]


class FleetFaults:
    """Hits workers at seeded random intervals, with one of the chosen faults after the other.

    A worker is killed, paused or told to leave only while all of them are there: this puts the loss
    of a worker to the test. How fast a fleet comes back from the loss of all of them is the fleet's
    own matter. What hits the wire of a fleet hits all of its workers.
    """

    def __init__(self, rig: Rig, fleets: Sequence[Worker]) -> None:
        self._rig = rig
        self._fleets = fleets
        self._kinds: tuple[str, ...] = ()
        #: Kinds that have yet to land before the others come again.
        self._turn: list[str] = []
        self._wanted: set[str] = set()
        self._landed: set[str] = set()
        self._next_at = 0.0
        self._lasting: _Lasting | None = None

    def choose(self, kinds: tuple[str, ...]) -> None:
        """From now on these; none: nothing."""
        if not self._rig.setup.wire:
            kinds = tuple(kind for kind in kinds if kind not in ON_WIRE)
        self._kinds, self._turn = kinds, []
        if kinds:
            self._wanted.add(" or ".join(kinds))
            self._next_at = time.monotonic() + self._rig.random.uniform(0.5, 1.0)

    def tend(self) -> None:
        """Do what is due."""
        now = time.monotonic()
        if self._lasting is not None and (not self._kinds or now >= self._lasting.until):
            self._heal()
        if not self._kinds or now < self._next_at or self._lasting is not None:
            return
        if not self._turn:
            self._turn = [*self._kinds]
            self._rig.random.shuffle(self._turn)
        if self._turn[-1] in ON_WIRE or self._whole():
            self._hit(self._turn.pop())

    def _whole(self) -> bool:
        workers = sum(len(fleet.living_children()) for fleet in self._fleets)
        return workers == self._rig.setup.workers

    def _hit(self, kind: str) -> None:
        rig = self._rig
        self._landed.add(kind)
        fleet = rig.random.choice(self._fleets)
        if kind in ON_WIRE:
            rest_s = _WIRE_REST_S * rig.random.uniform(0.5, 1.5)
            self._hit_wire(fleet, kind)
        else:
            rest_s = max(1.0, _REST_S / rig.setup.workers / len(self._kinds))
            rest_s *= rig.random.uniform(0.5, 1.5)
            self._signal(fleet, kind)
        lasts_s = 0.0 if self._lasting is None else self._lasting.until - time.monotonic()
        self._next_at = time.monotonic() + rest_s + lasts_s

    def _signal(self, fleet: Worker, kind: str) -> None:
        workers = self._rig.workers
        pid = self._rig.random.choice(fleet.living_children()).pid
        fault = workers.hit(fleet, pid, kind)
        if FAULTS[kind].lasts:
            self._last(1.2, 2.0, lambda: workers.heal(fleet, pid, fault))

    def _hit_wire(self, fleet: Worker, kind: str) -> None:
        rig = self._rig
        if kind == "reset":
            rig.wire.reset(fleet, "under load")
        elif kind == "lost-reply":
            nth = rig.random.randint(1, _NEXT_COMMANDS)
            rig.wire.plan(fleet, At("any", "before-reply", kind, nth))
        else:
            cut = ExitStack()
            cut.enter_context(rig.wire.partition(fleet))
            self._last(0.3, 2.0, cut.close)

    def _last(self, least: float, most: float, end: Callable[[], None]) -> None:
        """Let a fault last so many times as long as a silent worker is taken to be alive."""
        settings = self._rig.setup.settings
        dead_to_others_s = max(settings.lock_ttl_ms, settings.health_ttl_ms) / 1000
        lasts_s = dead_to_others_s * self._rig.random.uniform(least, most)
        self._lasting = _Lasting(until=time.monotonic() + lasts_s, end=end)

    def _heal(self) -> None:
        if self._lasting is not None:
            self._lasting.end()
            self._lasting = None

    def end(self) -> None:
        """Let everybody go on, and note the faults that were wanted and did not come about."""
        self._kinds = ()
        self._heal()
        self._rig.wire.call_off()
        for wanted in sorted(self._wanted):
            if self._landed.isdisjoint(wanted.split(" or ")):
                self._rig.workers.missed(wanted, "the load ended before a worker was hit")
