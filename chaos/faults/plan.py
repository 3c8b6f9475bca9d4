"""A fault that is planned for one command, and what becomes of it."""

import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal, Protocol

from chaos.faults.action import SIDES, Direction, Side, WireAction
from chaos.faults.match import Match
from chaos.faults.registry import FAULTS, FaultProblem


@dataclass(frozen=True, slots=True, kw_only=True)
class WireFault:
    """One fault at one command.

    Sides:
        before-send   the command has reached the proxy and has not been forwarded
        before-reply  it ran on the server, its reply is in the proxy and not delivered
        after-reply   the reply has been written to the client's socket, all of it; what the client
                      sends next on this connection waits until the fault has landed

    A kill and a pause hit the process that holds the connection: in a fleet, whose processes share
    a listener, the one that sent the command.

    Raises FaultProblem, a ValueError, where these do not fit together.
    """

    id: str
    process: str | None = None
    """The process it is for; None takes whichever sends the command."""
    match: Match
    nth: int = 1
    """The number of the matching command, counted from 1 after the fault was planned. If `process`
    is None, the commands of all processes are counted together."""
    side: Side
    action: str
    """Name of the fault (`chaos.faults.actions`). It says which of the next five fields it needs,
    and which it takes."""
    for_ms: int | None = None
    """Its length in ms. Without it a pause or a partition lasts until it is ended."""
    then: Literal["forward", "hold"] = "forward"
    """After a pause: the command goes on once the process has stopped, or once it runs again."""
    direction: Direction = "both"
    """The direction in which a partition lets nothing pass."""
    error: str | None = None
    """The line that the client gets in place of the server's reply (`ERRORS` has the server's own).
    Before-send, the server never sees the command."""
    pieces: int | None = None
    """The number of pieces in which a chopped command or reply is passed on; None: single bytes,
    500 at most, and then the rest."""
    phase: str | None = None
    """Its place in a job's life, for reports; by default `<label of match>/<side>`."""

    def __post_init__(self) -> None:
        kind = FAULTS.action(self.action)
        if self.side not in SIDES:
            raise FaultProblem(f"no such side: {self.side}")
        if self.side not in kind.sides:
            raise FaultProblem(f"{self.action} makes no sense {self.side}")
        if self.nth < 1:
            raise FaultProblem(f"nth counts from 1, not {self.nth}")
        self._check_parameters(kind)

    def _check_parameters(self, kind: WireAction) -> None:
        if self.error is not None and ("\r" in self.error or "\n" in self.error):
            raise FaultProblem("an error is one line")
        if self.for_ms is not None and self.for_ms < 0:
            raise FaultProblem(f"for_ms cannot be {self.for_ms}")
        if self.pieces is not None and self.pieces < 1:
            raise FaultProblem(f"pieces cannot be {self.pieces}")
        for name in kind.needs:
            if getattr(self, name) is None:
                raise FaultProblem(f"{self.action} needs {name}")
        for name, absent in _PARAMETERS.items():
            if getattr(self, name) != absent and name not in (*kind.needs, *kind.takes):
                raise FaultProblem(f"{self.action} takes no {name}")

    @property
    def where(self) -> str:
        """The phase that reports show."""
        return self.phase or f"{self.match.label}/{self.side}"


#: Fields that not every fault takes, and what each is where it is not given.
_PARAMETERS = {
    "for_ms": None,
    "then": "forward",
    "direction": "both",
    "error": None,
    "pieces": None,
}


class Plan(Protocol):
    """The keeper of planned faults: the wire proxy."""

    def withdraw(self, injection: "Injection") -> None:
        """Take back a fault that has not met its command yet."""

    def end(self, injection: "Injection") -> None:
        """End a fault that has landed and lasts."""


class Injection:
    """One injected fault: planned, and then landed or missed or taken back.

    The proxy's thread writes it, every thread may read it.
    """

    def __init__(self, fault: WireFault, plan: Plan) -> None:
        self.fault = fault
        self.t: int | None = None
        """The time of its landing, ns of the monotonic clock. A killed process is dead by then."""
        self.argv: list[bytes] | None = None
        """The command it landed at."""
        self.process: str | None = None
        """The process it landed on: `worker-1`, or `fleet-1.<pid>` for a worker of a fleet that a
        kill or a pause has hit."""
        self.pid: int | None = None
        """Its process id, where a kill or a pause has hit it."""
        self.end: Callable[[], Awaitable[None]] | None = None
        """Ends it, where it lasts. For the proxy's loop."""
        self._plan = plan
        self._seen = 0
        self._met = False
        self._settled = threading.Event()

    @property
    def landed(self) -> bool:
        return self.t is not None

    def wait(self, timeout_s: float) -> bool:
        """Wait until the fault has landed. False when it has not within that time, or cannot."""
        self._settled.wait(timeout_s)
        return self.landed

    def cancel(self) -> None:
        """Take back a fault that has not met its command yet; otherwise nothing."""
        self._plan.withdraw(self)

    def heal(self) -> None:
        """End a fault that has landed and lasts; otherwise nothing."""
        self._plan.end(self)

    @property
    def waiting(self) -> bool:
        """True if its command is still to come."""
        return not self._met and not self.settled

    @property
    def settled(self) -> bool:
        """True if it is known whether it landed."""
        return self._settled.is_set()

    def is_due(self, argv: list[bytes]) -> bool:
        """Count a command. True when the fault is for this one. For the proxy's thread."""
        if not self.waiting or not self.fault.match(argv):
            return False
        self._seen += 1
        self._met = self._seen == self.fault.nth
        return self._met

    def land(self, process: str, argv: list[bytes], t: int, pid: int | None = None) -> None:
        """Say that it has landed. For the proxy's thread."""
        self.process, self.argv, self.t, self.pid = process, argv, t, pid
        self._settled.set()

    def give_up(self) -> None:
        """Say that waiting for it is in vain. For the proxy's thread."""
        self._settled.set()
