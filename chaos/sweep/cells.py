"""Cells: which fault at which boundary of which life; their names; and the faults there are."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from chaos.rig.options import BadOption
from chaos.sweep.lives import BY_NAME, Life
from chaos.wire import ERRORS, Action, Match, Side, WireFault, any_command

#: Answers of a server that is there and cannot do it now. The boundary says which one it gets.
_ERRORS = ("LOADING", "READONLY", "OOM", "MASTERDOWN", "BUSY")


_BOUNDARY = re.compile(r"([A-Za-z][\w-]*\.)?[1-9]\d*")


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
    """One fault at one command of a process.

    `at` is `claim.2` for the second claim (`command_name`), or `7` for the seventh command. The
    names come from the sweep: connections take turns by chance, so that the seventh command of two
    runs need not be the same, while the second claim is.
    """

    fault: str
    at: str
    side: Side

    def __str__(self) -> str:
        return f"{self.fault}/{self.at}/{self.side}"

    def planned(self, process: str, name_of: Callable[[list[bytes]], str]) -> WireFault:
        """The same, as the wire proxy plans it for a process."""
        kind = FAULTS[self.fault]
        turn = zlib.crc32(self.at.encode()) % len(_ERRORS)
        name, _, nth = self.at.rpartition(".")
        return WireFault(
            id=f"{process}-{self.fault}",
            process=process,
            match=Match(name, lambda argv: name_of(argv) == name) if name else any_command(),
            nth=int(nth),
            side=self.side,
            action=kind.action,
            error=ERRORS[_ERRORS[turn]] if kind.action == "error" else None,
            phase=f"{self.at}/{self.side}",
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
        """`LIFE/FAULT/BOUNDARY/SIDE`, and for a pair `+FAULT/BOUNDARY/SIDE`. Raises `BadCell`."""
        life, _, rest = text.partition("/")
        try:
            blows = tuple(_blow(part) for part in rest.split("+"))
        except ValueError:
            blows = ()
        if life not in BY_NAME or not blows or len(blows) > 2:
            raise BadCell(
                f"{text!r} names no cell; it is LIFE/FAULT/BOUNDARY/SIDE, for example"
                f" succeeds/kill/claim.1/before-reply, with LIFE one of {', '.join(BY_NAME)}"
                f" and FAULT one of {', '.join(FAULTS)}"
            )
        return cls(life, blows)


def _blow(text: str) -> Blow:
    fault, at, side = text.split("/")
    if fault not in FAULTS or side not in FAULTS[fault].sides or not _BOUNDARY.fullmatch(at):
        raise ValueError(text)
    return Blow(fault, at, side)
