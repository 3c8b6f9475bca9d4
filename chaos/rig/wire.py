"""The wire of a run: listeners for its processes, faults at their commands, transitions seen."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from types import TracebackType
from typing import Any, Protocol, Self

from chaos.faults import Direction, Injection, Match, Side, WireFault, data_command, naming
from chaos.history import Write
from chaos.history.events import FaultCancelled, Transition
from chaos.processes import Handle
from chaos.rig.problem import RigProblem
from chaos.targets import Target, WorkerSettings
from chaos.wire import Exchange, NoReply, Tally, WireProxy

#: Time for which commands may be under way after their senders have left or died.
QUIET_S = 5.0


@dataclass(frozen=True, slots=True)
class At:
    """A fault at the nth command by which a process makes a transition (`Wire.moments`).

    The moment "any" is every command but those that set a connection up.
    """

    moment: str
    side: Side
    action: str = "kill"
    nth: int = 1
    #: Other fields of `chaos.faults.WireFault`.
    more: dict[str, Any] = field(default_factory=dict)
    #: Count only commands that name this job.
    job: str | None = None


class OnWire(Protocol):
    """A process that has a listener, and the faults that were planned for it."""

    @property
    def name(self) -> str: ...

    @property
    def injections(self) -> list[Injection]: ...


class Wire:
    """The wire proxy of a run. Writes the transitions that it sees; leaving the block closes it.

    `on_transition` is told each, in the proxy's thread.
    """

    def __init__(
        self,
        url: str,
        target: Target,
        settings: WorkerSettings,
        record: Write,
        on_transition: Callable[[Exchange, Transition], None] = lambda *_: None,
    ) -> None:
        self._target = target.name
        self._moments = target.wire.moments if target.wire else {}
        self._decode = target.wire.decoder(settings) if target.wire else None
        #: Is shown every command, in the proxy's thread.
        self.watcher: Callable[[Exchange], None] | None = None
        self._record = record
        self._on_transition = on_transition
        self._numbers = itertools.count(1)
        self._injections: list[Injection] = []
        job_of = partial(target.job_of, settings=settings)
        self._proxy = WireProxy(url, record, self._observe, job_of)
        #: Fields of a story's own for each transition, asked for before its reply goes on.
        self.stamp: Callable[[], dict[str, Any]] = dict
        #: When the server last answered anybody, in ns.
        self.answered_t = time.monotonic_ns()

    def start(self) -> None:
        """Begin to listen. Once only; `with` does it too."""
        self._proxy.start()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._proxy.__exit__(kind, error, traceback)

    def close(self) -> None:
        """Close every connection. Raises `WireProxyError` if something inside had broken."""
        self._proxy.close()

    def _observe(self, exchange: Exchange) -> None:
        if not isinstance(exchange.reply, NoReply):
            self.answered_t = exchange.t_reply
        if self.watcher is not None:
            self.watcher(exchange)
        if self._decode is None:
            return
        for seen in self._decode(exchange):
            event = replace(seen, t_sent=exchange.t_sent, **self.stamp())
            self._record(event, t=exchange.t_reply, process=exchange.process)
            self._on_transition(exchange, event)

    # Processes

    def check(self) -> None:
        """Raise `WireProxyError`, with the reason, when the server cannot be reached from here."""
        self._proxy.check()

    def listener(self, name: str, *faults: At) -> str:
        """The server's URL behind a listener of its own, at whose commands these faults land."""
        url = self._proxy.listen(name)
        for fault in faults:
            self.planned(name, fault)
        return url

    def attach(self, name: str, process: Handle) -> None:
        """Tell which process is behind a listener, for faults that hit it."""
        self._proxy.attach(name, process)

    def count(self, name: str, match: Match) -> Tally:
        """Count the matching commands of a process from now on."""
        return self._proxy.count(name, match)

    def traffic(self, name: str) -> tuple[int, int]:
        """How many commands a process has sent, and how many connections it has opened."""
        return self._proxy.traffic(name)

    def server_is_away(self, away: bool) -> None:
        """Say that the rig has taken the server away, or that it is back."""
        self._proxy.server_is_away(away)

    def still_busy(self, names: Iterable[str]) -> list[str]:
        """The processes whose commands are still under way after a while. What was in flight when
        its sender died may still land, so it is waited for."""
        return [name for name in names if not self._proxy.quiet(name, QUIET_S)]

    # Faults

    def plan(self, process: OnWire, fault: At) -> Injection:
        """Let a fault land at a later command of a process that runs already."""
        injection = self.planned(process.name, fault)
        process.injections.append(injection)
        return injection

    def planned(self, name: str, at: At) -> Injection:
        """Plan a fault for the process of this name. Raises `RigProblem` where the target does not
        say which command makes the moment."""
        match = data_command() if at.moment == "any" else self._moments.get(at.moment)
        if match is None:
            raise RigProblem(
                f"the target {self._target} does not say which command makes a {at.moment};"
                " give it a `wire` with that moment, or choose a scenario that works by signals"
            )
        return self.inject(
            WireFault(
                id=f"wire-{next(self._numbers):03d}",
                process=name,
                match=match if at.job is None else naming(match, at.job),
                nth=at.nth,
                side=at.side,
                action=at.action,
                phase=f"{at.moment}/{at.side}",
                **at.more,
            )
        )

    def inject(self, fault: WireFault) -> Injection:
        """Plan a fault in the proxy's own words."""
        injection = self._proxy.plan(fault)
        self._injections.append(injection)
        return injection

    def call_off(self, *processes: OnWire) -> None:
        """Take back all faults (of these processes, if any are named) that have not landed: their
        commands did not come, or others came before them."""
        named = [injection for process in processes for injection in process.injections]
        for injection in named if processes else self._injections:
            injection.cancel()
            if not injection.landed:  # where there are many, one may forestall another
                fault = injection.fault
                self._record(
                    FaultCancelled(
                        fault=fault.id, kind=fault.action, target=fault.process, phase=fault.where
                    )
                )
                injection.give_up()

    @contextmanager
    def partition(self, process: OnWire, direction: Direction = "both") -> Iterator[None]:
        """Nothing passes between this process and the server, in one direction or both. Nothing
        is closed; in the end all that was held back passes, in order."""
        self._proxy.partition(process.name, direction, phase=f"cut off, {direction}")
        try:
            yield
        finally:
            self.heal(process.name)

    def heal(self, name: str) -> None:
        """End all that holds up the commands of a process."""
        self._proxy.heal(name)

    def reset(self, process: OnWire, phase: str) -> None:
        """Reset all connections of a process."""
        self._proxy.reset(process.name, phase=phase)

    def name_of(self, argv: list[bytes]) -> str:
        """A command as a report names it: by the transition that it makes, where it makes one."""
        for name, match in self._moments.items():
            if match(argv):
                return name
        first = argv[:2] if argv[0].upper() in (b"CLIENT", b"SCRIPT") else argv[:1]
        return b"-".join(first).decode(errors="replace").upper()
