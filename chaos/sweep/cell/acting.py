"""Acts of a cell: what the rig does to its processes and jobs when the wire shows a transition."""

from __future__ import annotations

import signal
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from chaos.errors import ChaosError
from chaos.faults import Match, WireFault
from chaos.history import Write
from chaos.history.events import FaultBegun, FaultLanded, Transition
from chaos.processes import Forked
from chaos.rig.wire import Wire
from chaos.sweep.life import Act
from chaos.targets import CanCancel, Producer
from chaos.wire import Exchange


class CannotAct(ChaosError):
    """The target has no way to do it; the message says what."""


class Acting:
    """Carries out a life's acts, each once, in the proxy's thread and before the command's answer
    goes on. An operator's command goes past the wire, and so past its faults."""

    def __init__(
        self,
        acts: Sequence[Act],
        victim: str,
        name_of: Callable[[int], str],
        producer: Producer,
        record: Write,
    ) -> None:
        self._acts = acts
        self._victim = victim
        self._name_of = name_of
        self._producer = producer
        self._record = record
        self._seen: Counter[Act] = Counter()
        #: The victim's process, once there is one.
        self.process: Forked | None = None
        #: The process that was told to leave.
        self.told: Forked | None = None

    def hold(self, wire: Wire) -> None:
        """Plan that answers to the victim are held back, where acts say so."""
        for act in self._acts:
            if act.held_ms:
                match = Match(act.on, lambda argv, on=act.on: wire.name_of(argv) == on)  # type: ignore[misc]
                wire.inject(
                    WireFault(
                        id=f"{self._victim}-held-{act.on}",
                        process=self._victim,
                        match=match,
                        side="before-reply",
                        action="delay",
                        for_ms=act.held_ms,
                    )
                )

    def see(self, exchange: Exchange, event: Transition) -> None:
        """Act on a transition that the store accepted. Raises `CannotAct`."""
        for act in self._acts:
            if event.op != act.on or not self._concerns(act, exchange, event):
                continue
            self._seen[act] += 1
            if self._seen[act] == act.nth:
                self._do(act)

    def _concerns(self, act: Act, exchange: Exchange, event: Transition) -> bool:
        if act.do == "cancel":
            return event.job == self._name_of(act.job)
        return exchange.process == self._victim

    def _do(self, act: Act) -> None:
        if act.do == "cancel":
            if not isinstance(self._producer, CanCancel):
                raise CannotAct("the target has no way to cancel a job")
            self._producer.cancel(self._name_of(act.job))
            return
        assert self.process is not None
        at = f"{act.on}-{act.nth}"
        term: dict[str, Any] = {"fault": f"{self._victim}-{at}-term", "kind": "term", "phase": at}
        self._record(FaultBegun(target=self._victim, **term))
        self.told = self.process
        self.process.signal(signal.SIGTERM)
        self._record(FaultLanded(target=self._victim, **term))
