"""One entry of the list."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, Literal

Kind = Literal["scenario", "cell"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An anomaly that is known to come up at a place, and why that is accepted."""

    kind: Kind
    #: The name of a scenario; or a cell of the sweep, each part of which may be a pattern.
    place: str
    anomaly: str
    reason: str
    url: str = ""
    #: The file, and the line where that is known.
    where: str = ""

    def fits(self, kind: Kind, place: str) -> bool:
        """True if it speaks about this scenario, or this cell."""
        if kind != self.kind:
            return False
        given, own = parts(place), parts(self.place)
        return len(given) == len(own) and all(map(fnmatchcase, given, own))

    @property
    def because(self) -> str:
        """The reason, and where more is written."""
        return f"{self.reason} ({self.url})" if self.url else self.reason

    def to_json(self) -> dict[str, Any]:
        about = {self.kind: self.place, "anomaly": self.anomaly, "reason": self.reason}
        return {**about, "url": self.url or None, "entry": self.where}


def parts(place: str) -> list[str]:
    """The parts of a cell's name: `LIFE`, or `LIFE/FAULT/BOUNDARY/SIDE` with a second fault or none
    (`+FAULT/BOUNDARY/SIDE`). A scenario has one."""
    return re.split("[/+]", place.rstrip("/"))
