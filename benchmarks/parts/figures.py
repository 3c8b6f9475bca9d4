"""Medians, percentiles and spreads."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest value that `percent` % of all values do not exceed (nearest rank)."""
    return sorted(values)[max(1, math.ceil(len(values) * percent / 100)) - 1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One figure as several rounds measured it."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Self:
        return cls(median=statistics.median(values), low=min(values), high=max(values))

    def __format__(self, spec: str) -> str:
        """The median in the given format, and half of the range as a share of it: `120 ±8%`."""
        text = format(self.median, spec)
        if self.low == self.high or not self.median:
            return text
        return f"{text} ±{abs((self.high - self.low) / 2 / self.median):.0%}"

    def range(self, spec: str) -> str:
        """` (low to high)` in the given format; nothing where both are the same."""
        if self.low == self.high:
            return ""
        return f" ({format(self.low, spec)} to {format(self.high, spec)})"


def share(figure: Figure, whole: Figure) -> float:
    """One median as a share of another; infinite if the other is 0."""
    return figure.median / whole.median if whole.median else float("inf")
