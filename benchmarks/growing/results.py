"""What was measured at each point, and the goals."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from benchmarks.growing.axes import AXES, WAITING, Axis
from benchmarks.growing.rounds import Figures
from benchmarks.parts.figures import Figure, share
from benchmarks.parts.goals import Goal

#: The goals compare the costs with so many jobs waiting.
FEW, MANY = 1_000, 1_000_000
LOGARITHMIC = math.log(MANY) / math.log(FEW)
"""The factor by which the logarithm of the number of waiting jobs grows from FEW to MANY. A cost
a + b * log(jobs) grows by no more, whatever a and b are; one in proportion to the jobs by 1,000."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A figure, as tables show it."""

    name: str
    title: str
    spec: str


COLUMNS = (
    Column(name="jobs_per_s", title="drain, jobs/s", spec=",.0f"),
    Column(name="worker_us", title="worker CPU, µs/job", spec=",.0f"),
    Column(name="redis_us", title="Redis CPU, µs/job", spec=",.0f"),
    Column(name="single_per_s", title="enqueue one by one, /s", spec=",.0f"),
    Column(name="single_redis_us", title="Redis CPU, µs each", spec=",.0f"),
    Column(name="bulk_per_s", title="enqueue in bulk, /s", spec=",.0f"),
    Column(name="bulk_redis_us", title="Redis CPU, µs/job", spec=",.0f"),
    Column(name="pickup_p50_ms", title="pick-up p50, ms", spec=".2f"),
    Column(name="pickup_p95_ms", title="pick-up p95, ms", spec=".2f"),
    Column(name="idle_worker_ms", title="idle workers, CPU ms/s", spec=".1f"),
    Column(name="idle_redis_ms", title="Redis beside them, CPU ms/s", spec=".2f"),
    Column(name="idle_calls_per_s", title="their calls/s", spec=".1f"),
)
"""In the order in which they are shown."""

_GOALS = (
    ("worker_us", "worker CPU per job"),
    ("redis_us", "Redis CPU per job"),
    ("single_redis_us", "Redis CPU per enqueue"),
    ("bulk_redis_us", "Redis CPU per job in bulk"),
    ("pickup_p50_ms", "pick-up p50"),
)


@dataclass(slots=True)
class Results:
    """The rounds so far, by axis and point."""

    noted: dict[str, dict[int, dict[str, list[float]]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(lambda: defaultdict(list)))
    )

    def note(self, axis: Axis, point: int, figures: Figures) -> None:
        """Keep the figures of a round."""
        for name, value in figures.items():
            self.noted[axis.name][point][name].append(value)

    def points(self, axis: Axis) -> Sequence[int]:
        return sorted(self.noted.get(axis.name, ()))

    def columns(self, axis: Axis) -> Sequence[Column]:
        """The figures that this axis has."""
        known = {name for figures in self.noted.get(axis.name, {}).values() for name in figures}
        return [column for column in COLUMNS if column.name in known]

    def curve(self, axis: Axis, name: str) -> dict[int, Figure]:
        """Median and range over the rounds, for each point where this figure was measured."""
        rounds = self.noted.get(axis.name, {})
        return {
            point: Figure.of(rounds[point][name])
            for point in self.points(axis)
            if name in rounds[point]
        }

    def goals(self) -> list[Goal]:
        """That no cost grows faster than the logarithm of the number of jobs that wait."""
        return [
            Goal(name=title, bound=LOGARITHMIC, unit=" times", measured=self._growth(name))
            for name, title in _GOALS
        ]

    def _growth(self, name: str) -> float | None:
        curve = self.curve(WAITING, name)
        return share(curve[MANY], curve[FEW]) if {FEW, MANY} <= curve.keys() else None

    def as_json(self) -> dict[str, Any]:
        """For each axis and point: the rounds."""
        return {
            axis.name: [{axis.name: point, **self.noted[axis.name][point]} for point in points]
            for axis in AXES
            if (points := self.points(axis))
        }
