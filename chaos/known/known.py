"""The whole list, and what it says about what was seen."""

from __future__ import annotations

from collections.abc import Iterable, Set
from dataclasses import dataclass

from chaos.known.entry import Entry, Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """The anomalies that came up in one run of a scenario or a cell, and those that had cases there
    and did not: none where evidence is missing."""

    kind: Kind
    place: str
    broken: Set[str]
    kept: Set[str]


@dataclass(frozen=True, slots=True)
class Known:
    """All entries of a file, in its order."""

    entries: tuple[Entry, ...] = ()

    def entry(self, kind: Kind, place: str, anomaly: str) -> Entry | None:
        """The first entry by which an anomaly is known at a place."""
        return next(
            (one for one in self.entries if one.anomaly == anomaly and one.fits(kind, place)), None
        )

    def gone(self, seen: Iterable[Seen]) -> tuple[Entry, ...]:
        """The entries that have to go: they had cases, and their anomaly came up nowhere."""
        broken, kept = set(), set()
        for each in seen:
            for entry in self.entries:
                if entry.fits(each.kind, each.place):
                    broken |= {entry} if entry.anomaly in each.broken else set()
                    kept |= {entry} if entry.anomaly in each.kept else set()
        return tuple(entry for entry in self.entries if entry in kept - broken)
