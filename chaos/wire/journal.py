"""The proxy's events for the run's history, and its way with callbacks that raise."""

import time
from collections.abc import Callable
from typing import Any

from chaos.faults import Injection, WireFault
from chaos.history import Event, Write
from chaos.history.events import (
    FaultBegun,
    FaultCancelled,
    FaultHealed,
    FaultLanded,
    FaultMissed,
    FaultPlanned,
    RigBroken,
    RigObstructed,
)
from chaos.wire.exchange import Exchange


class Journal:
    """The proxy's side of the history. For the proxy's thread."""

    def __init__(
        self,
        write: Write,
        observe: Callable[[Exchange], object] | None,
        job_of: Callable[[Exchange], str | None] | None,
    ) -> None:
        self._write_event = write
        self._observe = observe
        self._job_of = job_of
        self._obstructed = False
        self.broken: BaseException | None = None
        """The first thing that went wrong inside the proxy or in a callback."""

    @property
    def observes(self) -> bool:
        return self._observe is not None

    def observed(self, exchange: Exchange) -> None:
        """Show the rig a command and its reply."""
        if self._observe is None:
            return
        try:
            self._observe(exchange)
        except Exception as problem:  # noqa: BLE001 - one bad decoder must not cut all connections
            self.broke(problem)

    def planned(self, fault: WireFault) -> None:
        self._write(FaultPlanned(**_about(fault, fault.process)))

    def begun(self, fault: WireFault, process: str) -> None:
        """The fault is about to be carried out."""
        self._write(FaultBegun(**_about(fault, process)))

    def landed(
        self, injection: Injection, exchange: Exchange, process: str, pid: int | None = None
    ) -> None:
        """The fault has just landed."""
        job = self._job(exchange)
        injection.land(process, exchange.argv, time.monotonic_ns(), pid)
        self._write(FaultLanded(job=job, child_pid=pid, **_about(injection.fault, process)))

    def _job(self, exchange: Exchange) -> str | None:
        if self._job_of is None or not exchange.argv:
            return None
        try:
            return self._job_of(exchange)
        except Exception as problem:  # noqa: BLE001 - the fault has landed all the same
            self.broke(problem)
            return None

    def healed(self, fault: WireFault, process: str) -> None:
        """The effect of the fault has been undone."""
        self._write(FaultHealed(**_about(fault, process)))

    def missed(self, injection: Injection, reason: str) -> None:
        """The fault can no longer land."""
        injection.give_up()
        fault = injection.fault
        self._write(FaultMissed(error=reason, **_about(fault, fault.process)))

    def cancelled(self, injection: Injection) -> None:
        """The rig took the fault back: it is not missing."""
        injection.give_up()
        self._write(FaultCancelled(**_about(injection.fault, injection.fault.process)))

    def broke(self, problem: BaseException) -> None:
        """Something raised that must not: the evidence of this run is incomplete."""
        if self.broken is None:
            self.broken = problem
            self._write(RigBroken(error=f"wire proxy: {problem!r}"))

    def obstructed(self, problem: Exception) -> None:
        """The target could not reach the server because of the rig: nothing counts against it."""
        if not self._obstructed:
            self._obstructed = True
            self._write(RigObstructed(error=str(problem)))

    def _write(self, event: Event) -> None:
        try:
            self._write_event(event)
        except Exception as problem:  # noqa: BLE001 - `close` raises it: it cannot be recorded
            self.broken = self.broken or problem


def _about(fault: WireFault, target: str | None) -> dict[str, Any]:
    return {"fault": fault.id, "kind": fault.action, "target": target, "phase": fault.where}
