"""A guarantee, and an anomaly that breaks it."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass

from chaos.evidence import Evidence

Needs = tuple[tuple[Evidence, ...], ...]
"""Sets of evidence, any of which is enough. None: what every target shows is enough."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Anomaly:
    """One way to break a guarantee."""

    id: str
    #: Defines the word in one sentence, for reports.
    meaning: str
    #: The cases that its check examines.
    examines: str
    #: An example of a broken case.
    bad: str
    #: An example that looks alike and breaks nothing.
    near_miss: str
    #: The evidence without which it cannot be known.
    needs: Needs = ()

    def missing(self, offers: Set[Evidence]) -> Set[Evidence]:
        """The evidence that a target with these offers lacks; empty if the check can look."""
        lacks = [frozenset(need) - offers for need in self.needs]
        return min(lacks, key=len, default=frozenset())


@dataclass(frozen=True, slots=True, kw_only=True)
class Guarantee:
    """One promise: its id, its sentence, and the anomalies that break it, in their fixed order."""

    id: str
    sentence: str
    anomalies: tuple[Anomaly, ...]
