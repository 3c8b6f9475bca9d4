"""Kills exactly where a handler begins or ends, which no command on the wire shows."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from chaos.faults import Injection, Side, WireFault
from chaos.handlers import Request
from chaos.history import Write
from chaos.history.events import FaultBegun, FaultLanded
from chaos.processes import Handle, descendants_of
from chaos.sweep.cells import CHILD_END, CHILD_START, HANDLER_END, HANDLER_START

#: Limit for a process to be gone after SIGKILL.
_DEATH_S = 5.0
_STEPS = {"start": (HANDLER_START, CHILD_START), "end": (HANDLER_END, CHILD_END)}


class AtHandlers:
    """Sees the requests of handlers at the desk (`chaos.handlers.desk.Visit`), in its thread.

    A step of a handler stands where a command would: it is counted, and a fault waits for its nth.
    Before-send the rig has noted nothing of it; before-reply it has, and the handler waits.
    """

    def __init__(self, sees: Callable[[str, list[bytes]], object], record: Write) -> None:
        """`sees` is told each step, with the name of the worker."""
        self._sees = sees
        self._record = record
        self._workers: dict[str, Handle] = {}
        self._injections: dict[str, Injection] = {}
        #: The step that a fault has met, and whose side is still to come.
        self._met: bytes | None = None

    def attach(self, worker: Handle) -> None:
        """Tell which process this worker is."""
        self._workers[worker.name] = worker

    def plan(self, fault: WireFault) -> Injection:
        """Let a kill land at a step of a worker's handlers."""
        assert fault.process is not None
        return self._injections.setdefault(fault.process, Injection(fault, self))

    def __call__(self, side: Side, request: Request) -> bool:
        worker = self._workers.get(request.process)
        injection = self._injections.get(request.process)
        if worker is None:
            return False
        if side == "before-send":
            self._met = None
            whole, child = _STEPS[request.say]
            for step in [whole] if request.pid == worker.pid else [whole, child]:
                self._sees(request.process, [step.encode()])
                if injection is not None and injection.is_due([step.encode()]):
                    self._met = step.encode()
        if injection is None or self._met is None or injection.fault.side != side:
            return False
        return self._kill(injection, worker, request.pid, self._met)

    def _kill(self, injection: Injection, worker: Handle, pid: int, step: bytes) -> bool:
        """SIGKILL to the worker and to all that it has started, or to its child alone."""
        # The worker first, so that it cannot act on the death of its children.
        everyone = [worker, *descendants_of(worker)]
        alone = step.decode() in (CHILD_START, CHILD_END)
        victims = [each for each in everyone if each.pid == pid] if alone else everyone
        name = victims[0].name if victims else worker.name
        about: dict[str, Any] = {"fault": injection.fault.id, "kind": "kill", "target": name}
        about["phase"] = injection.fault.where
        self._record(FaultBegun(**about))
        if not [victim for victim in victims if victim.kill()]:
            injection.give_up()
            return False
        for victim in victims:
            victim.wait(_DEATH_S)
        injection.land(name, [step], time.monotonic_ns())
        self._record(FaultLanded(**about))
        return True

    def withdraw(self, injection: Injection) -> None:
        """Take back a fault that has not met its step yet."""
        injection.give_up()

    def end(self, injection: Injection) -> None:
        """Nothing: a kill does not last."""
