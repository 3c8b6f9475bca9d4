"""Cells: which fault at which boundary of which life, and their names."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable
from dataclasses import dataclass

from chaos.faults import FAULTS, Match, Side, WireAction, WireFault, any_command
from chaos.rig.options import BadOption
from chaos.sweep.life import Life
from chaos.sweep.lives import BY_NAME

#: Faults in the order in which the grids show them; those that are not named here come after.
_ORDER = ("kill", "pause", "lost-reply", "reset", "partition", "error")
#: Stands for all commands by which a foreign queue's processes set connections up.
CONNECT = "CONNECT"
_BOUNDARY = re.compile(r"([A-Za-z][\w-]*\.)?[1-9]\d*")


#: Boundaries that are no commands: a handler begins, and ends. Where it runs in a child of the
#: worker there are those of the child too, which is then killed alone.
HANDLER_START, HANDLER_END = "HANDLER-START", "HANDLER-END"
CHILD_START, CHILD_END = "CHILD-START", "CHILD-END"
_OF_HANDLER = (HANDLER_START, HANDLER_END, CHILD_START, CHILD_END)


class BadCell(BadOption):
    """There is no such cell; the message says what a cell looks like."""


def swept_faults() -> dict[str, WireAction]:
    """The faults that the sweep tries, by name."""
    swept = {name: kind for name, kind in FAULTS.actions.items() if kind.swept_sides}
    first = [name for name in _ORDER if name in swept]
    return {name: swept[name] for name in dict.fromkeys([*first, *swept])}


SWEPT = swept_faults()


def of_handler(at: str) -> bool:
    """True for a boundary at a handler's begin or end, and not at a command."""
    return at.partition(".")[0] in _OF_HANDLER


def can_land(fault: str, at: str) -> bool:
    """True if this fault can land at this boundary: at a handler's, only a kill can."""
    return fault == "kill" or not of_handler(at)


@dataclass(frozen=True, slots=True, order=True)
class BoundaryFault:
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
        name, _, nth = self.at.rpartition(".")
        return WireFault(
            id=f"{process}-{self.fault}",
            process=process,
            match=Match(name, lambda argv: name_of(argv) == name) if name else any_command(),
            nth=int(nth),
            side=self.side,
            action=self.fault,
            phase=f"{self.at}/{self.side}",
            **SWEPT[self.fault].swept_with(zlib.crc32(self.at.encode())),
        )


@dataclass(frozen=True, slots=True, order=True)
class Cell:
    """A life and the faults in it: the first hits who lives it, a second one who picks up.

    Without any, it is the life as it is.
    """

    life: str
    faults: tuple[BoundaryFault, ...] = ()

    def __str__(self) -> str:
        return "/".join([self.life, "+".join(str(fault) for fault in self.faults)])

    @property
    def story(self) -> Life:
        return BY_NAME[self.life]

    @classmethod
    def parse(cls, text: str) -> Cell:
        """`LIFE/FAULT/BOUNDARY/SIDE`, and for a pair `+FAULT/BOUNDARY/SIDE`. Raises `BadCell`."""
        life, _, rest = text.partition("/")
        try:
            faults = tuple(_fault(part) for part in rest.split("+"))
        except ValueError:
            faults = ()
        if life not in BY_NAME or not faults or len(faults) > 2:
            raise BadCell(
                f"{text!r} names no cell; it is LIFE/FAULT/BOUNDARY/SIDE, for example"
                f" succeeds/kill/claim.1/before-reply, with LIFE one of {', '.join(BY_NAME)}"
                f" and FAULT one of {', '.join(SWEPT)}"
            )
        return cls(life, faults)


def _fault(text: str) -> BoundaryFault:
    name, at, side = text.split("/")
    if name not in SWEPT or not _BOUNDARY.fullmatch(at) or not can_land(name, at):
        raise ValueError(text)
    for known in SWEPT[name].swept_sides:
        if side == known:
            return BoundaryFault(name, at, known)
    raise ValueError(text)
