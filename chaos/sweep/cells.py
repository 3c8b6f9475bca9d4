"""Cells: which fault at which boundary of which life; their names; and the faults there are."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from chaos.faults import ERRORS, Action, Side, WireFault, any_command
from chaos.rig.options import BadOption
from chaos.sweep.lives import BY_NAME, Life

#: Answers of a server that is there and cannot do it now; the kth boundary gets the kth of these.
_ERRORS = ("LOADING", "READONLY", "OOM", "MASTERDOWN", "BUSY")


class BadCell(BadOption):
    """There is no such cell; the message says what a cell looks like."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultKind:
    """A fault of the sweep, in the words of the wire proxy."""

    action: Action
    meaning: str
    sides: tuple[Side, ...] = ("before-send", "before-reply")
    more: dict[str, Any] = field(default_factory=dict)
    #: It lasts until the sweep ends it, once the second worker has done what it could.
    lasts: bool = False


FAULTS: dict[str, FaultKind] = {
    "kill": FaultKind(action="kill", meaning="SIGKILL"),
    "pause": FaultKind(
        action="stop",
        meaning="SIGSTOP past the lock's TTL, until another worker has done the job; then SIGCONT",
        more={"then": "hold"},
        lasts=True,
    ),
    "lost-reply": FaultKind(
        action="lose-reply",
        meaning="the command ran, the connection closes before its reply",
        sides=("before-reply",),
    ),
    "reset": FaultKind(action="reset", meaning="the connection is reset"),
    "partition": FaultKind(
        action="hold",
        meaning="nothing passes in either direction past the lock's TTL; then all of it does",
        lasts=True,
    ),
    # Not before-reply: a server that has carried a command out does not say that it could not.
    "error": FaultKind(
        action="error",
        meaning=f"the server says, in turn, {', '.join(_ERRORS)}",
        sides=("before-send",),
    ),
}


@dataclass(frozen=True, slots=True, order=True)
class Blow:
    """One fault at the kth command of a process."""

    fault: str
    k: int
    side: Side

    def __str__(self) -> str:
        return f"{self.fault}/{self.k}/{self.side}"

    def planned(self, process: str) -> WireFault:
        """The same, as the wire proxy plans it for a process."""
        kind = FAULTS[self.fault]
        error = ERRORS[_ERRORS[self.k % len(_ERRORS)]] if kind.action == "error" else None
        return WireFault(
            id=f"{process}-{self.fault}",
            process=process,
            match=any_command(),
            nth=self.k,
            side=self.side,
            action=kind.action,
            error=error,
            phase=f"command {self.k}/{self.side}",
            **kind.more,
        )


@dataclass(frozen=True, slots=True, order=True)
class Cell:
    """A life and the faults in it: the first hits who lives it, a second one who picks up.

    Without any, it is the life as it is.
    """

    life: str
    blows: tuple[Blow, ...] = ()

    def __str__(self) -> str:
        return "/".join([self.life, "+".join(str(blow) for blow in self.blows)])

    @property
    def story(self) -> Life:
        return BY_NAME[self.life]

    @classmethod
    def parse(cls, text: str) -> Cell:
        """`LIFE/FAULT/K/SIDE`, and for a pair `+FAULT/K/SIDE`. Raises `BadCell`."""
        life, _, rest = text.partition("/")
        try:
            blows = tuple(_blow(part) for part in rest.split("+"))
        except ValueError:
            blows = ()
        if life not in BY_NAME or not blows or len(blows) > 2:
            raise BadCell(
                f"{text!r} names no cell; it is LIFE/FAULT/BOUNDARY/SIDE, for example"
                f" succeeds/kill/7/before-reply, with LIFE one of {', '.join(BY_NAME)}"
                f" and FAULT one of {', '.join(FAULTS)}"
            )
        return cls(life, blows)


def _blow(text: str) -> Blow:
    fault, k, side = text.split("/")
    if fault not in FAULTS or side not in FAULTS[fault].sides or int(k) < 1:
        raise ValueError(text)
    return Blow(fault, int(k), side)
