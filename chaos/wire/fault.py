"""What a fault on the wire is, which command it waits for, and what became of it."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, NamedTuple, get_args

from chaos.wire.resp import Value

Side = Literal["before-send", "before-reply", "after-reply"]
Action = Literal["kill", "stop", "reset", "lose-reply", "delay", "hold", "error", "chop"]
Direction = Literal["up", "down", "both"]
"""Up is towards the server."""

_SIDES: dict[str, tuple[Side, ...]] = {
    "lose-reply": ("before-reply",),
    "chop": ("before-send", "before-reply"),
    "error": ("before-send", "before-reply"),
}

ERRORS: dict[str, str] = {
    "LOADING": "LOADING Redis is loading the dataset in memory",
    "READONLY": "READONLY You can't write against a read only replica.",
    "OOM": "OOM command not allowed when used memory > 'maxmemory'.",
    "NOSCRIPT": "NOSCRIPT No matching script. Please use EVAL.",
    "MASTERDOWN": (
        "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'."
    ),
    "BUSY": (
        "BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE."
    ),
    "MOVED": "MOVED 1 127.0.0.1:6379",
}
"""Error lines as the server writes them, by their first word: the errors to inject."""

_HANDSHAKE = frozenset((b"HELLO", b"AUTH", b"SELECT", b"CLIENT", b"PING", b"COMMAND", b"QUIT"))


class NoReply:
    """In the place of a reply: the connection to the server broke before it came, and nobody knows
    whether the command ran."""


class Exchange(NamedTuple):
    """A command and the server's reply to it. A tuple, because one is made for every command."""

    process: str
    argv: list[bytes]
    reply: Value | NoReply
    t_sent: int
    """When the command was forwarded to the server, ns of the monotonic clock."""
    t_reply: int
    """When the whole reply had reached the proxy, or could not come any more, in ns of the
    monotonic clock."""


@dataclass(frozen=True, slots=True)
class Match:
    """Which commands are meant, and a short name for them (reports show it)."""

    label: str
    test: Callable[[list[bytes]], bool]

    def __call__(self, argv: list[bytes]) -> bool:
        return self.test(argv)


def any_command() -> Match:
    """Every command, a client's handshake included."""
    return Match("any", lambda argv: True)


def data_command() -> Match:
    """Every command but those by which a client sets its connection up or checks it."""
    return Match("data", lambda argv: argv[0].upper() not in _HANDSHAKE)


def command(name: str, *arguments: bytes) -> Match:
    """Commands of this name (in any case) whose first arguments are these."""
    word, count = name.upper().encode(), len(arguments) + 1
    first = list(arguments)
    return Match(name.lower(), lambda argv: argv[0].upper() == word and argv[1:count] == first)


@dataclass(frozen=True, slots=True, kw_only=True)
class WireFault:
    """One fault at one command.

    Sides:
        before-send   the command has reached the proxy and has not been forwarded
        before-reply  it ran on the server, its reply is in the proxy and not delivered
        after-reply   the reply has been written to the client's socket, all of it; what the client
                      sends next on this connection waits until the fault has landed

    Actions:
        kill        SIGKILL. A command or a reply that the fault came before is dropped, once the
                    process is known to be dead.
        stop        SIGSTOP, and what the fault came before goes on once the process has stopped
                    (`then="forward"`) or runs again (`then="hold"`). Lasts `for_ms`, or until
                    someone resumes the process.
        reset       the client's connection is reset; what the fault came before is dropped.
        lose-reply  the client's connection is closed, the reply is dropped.
        delay       this connection waits for `for_ms`.
        hold        nothing passes in `direction`, on any connection of the process, for `for_ms`
                    or until `heal`. Nothing is closed, lost or re-ordered.
        error       the client gets `error` (a line; `ERRORS` has the server's own) in place of the
                    server's reply. Before-send, the server never sees the command.
        chop        the command or the reply is passed on in pieces: `for_ms` of them, a millisecond
                    apart, or single bytes.

    A kill and a stop hit the process that holds the connection: in a fleet, whose processes share
    a listener, the one that sent the command.

    Raises ValueError where these do not fit together.
    """

    id: str
    process: str | None = None
    """The process it is for; None takes whichever sends the command."""
    match: Match
    nth: int = 1
    """Which of the matching commands, counted from 1 after the fault was planned. Where `process`
    is None, the commands of all processes are counted together."""
    side: Side
    action: Action
    for_ms: int | None = None
    then: Literal["forward", "hold"] = "forward"
    direction: Direction = "both"
    error: str | None = None
    phase: str | None = None
    """Where in a job's life this is, for reports; by default `<label of match>/<side>`."""
    job_of: Callable[[list[bytes]], str | None] | None = None
    """Finds the id of the job in the command."""

    def __post_init__(self) -> None:
        if self.action not in get_args(Action) or self.side not in get_args(Side):
            raise ValueError(f"no such action or side: {self.action} {self.side}")
        if self.side not in _SIDES.get(self.action, get_args(Side)):
            raise ValueError(f"{self.action} makes no sense {self.side}")
        if self.nth < 1:
            raise ValueError(f"nth counts from 1, not {self.nth}")
        if (self.action == "error") != (self.error is not None):
            raise ValueError("an error action needs an error line, and no other takes one")
        if self.error is not None and ("\r" in self.error or "\n" in self.error):
            raise ValueError("an error is one line")
        if self.action == "delay" and self.for_ms is None:
            raise ValueError("a delay needs for_ms")
        if self.for_ms is not None and self.for_ms < 0:
            raise ValueError(f"for_ms cannot be {self.for_ms}")

    @property
    def where(self) -> str:
        """The phase that reports show."""
        return self.phase or f"{self.match.label}/{self.side}"


class Tally:
    """Counts the commands of a process that match, from the moment it was asked for."""

    def __init__(self, match: Match) -> None:
        self._match = match
        self._changed = threading.Condition()
        self._value = 0

    @property
    def value(self) -> int:
        """How many so far. A command counts once it is about to be forwarded."""
        return self._value

    def wait(self, at_least: int, timeout_s: float) -> bool:
        """Wait until that many were seen. False when the time is over first."""
        with self._changed:
            return self._changed.wait_for(lambda: self._value >= at_least, timeout_s)

    def sees(self, argv: list[bytes]) -> None:
        """Called by the proxy for each command."""
        if self._match(argv):
            with self._changed:
                self._value += 1
                self._changed.notify_all()


class Injection:
    """What became of a planned fault. The proxy's thread writes it, every thread may read it."""

    def __init__(self, fault: WireFault, withdraw: Callable[["Injection"], None]) -> None:
        self.fault = fault
        self.t: int | None = None
        """When it landed, ns of the monotonic clock: after a kill, the process is dead by then."""
        self.argv: list[bytes] | None = None
        """The command it landed at."""
        self.process: str | None = None
        """The process it landed on: `worker-1`, or `fleet-1.<pid>` for a worker of a fleet that a
        kill or a stop has hit."""
        self.pid: int | None = None
        """Its process id, where a kill or a stop has hit it."""
        self._withdraw = withdraw
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
        self._withdraw(self)

    @property
    def waiting(self) -> bool:
        """Whether its command is still to come."""
        return not self._met and not self.settled

    @property
    def settled(self) -> bool:
        """Whether it is known what became of it."""
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
        """Nobody should wait for it any longer. For the proxy's thread."""
        self._settled.set()
