"""The space of jobs: named dimensions, each with its values, combined freely from a seed.

A point of the space is a value for each dimension. The first value of a dimension is the plain one,
which every queue can take.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from random import Random

from chaos.jobs.job import Job

Point = Mapping[str, str]
"""A value for each dimension, by its name."""

Pair = tuple[str, str]
"""Two values that met in one job, each as `dimension=value`."""


@dataclass(frozen=True, slots=True)
class Dimension:
    """One choice about a job: its values with their weights in the draw, the plain one first."""

    name: str
    values: Mapping[str, int]

    @property
    def plain(self) -> str:
        return next(iter(self.values))


@dataclass(frozen=True, slots=True)
class Space:
    """Dimensions that are combined freely."""

    dimensions: tuple[Dimension, ...]

    def point(self, random: Random, takes: Collection[str] | None = None) -> Point:
        """Draw a point. A dimension that is not in `takes` has its plain value."""
        drawn = {each.name: random.choices([*each.values], [*each.values.values()])[0]
                 for each in self.dimensions}  # fmt: skip
        return {
            each.name: drawn[each.name] if takes is None or each.name in takes else each.plain
            for each in self.dimensions
        }

    def pairs(self) -> Iterator[Pair]:
        """All pairs of values that can meet in one job."""
        for one, other in combinations(self.dimensions, 2):
            for left in one.values:
                yield from (pair(one.name, left, other.name, right) for right in other.values)


def pair(one: str, left: str, other: str, right: str) -> Pair:
    """The pair of two dimensions' values, the same for both orders."""
    first, second = sorted((f"{one}={left}", f"{other}={right}"))
    return first, second


class Coverage:
    """The pairs of values that jobs have met, of all that there are."""

    def __init__(self, space: Space) -> None:
        self.all = frozenset(space.pairs())
        self.met: set[Pair] = set()

    def add(self, points: Iterable[Point]) -> None:
        """Count the pairs of these points."""
        for point in points:
            for (one, left), (other, right) in combinations(point.items(), 2):
                self.met.add(pair(one, left, other, right))
        self.met &= self.all

    @property
    def left(self) -> frozenset[Pair]:
        """The pairs that no job has met."""
        return self.all - self.met

    def __str__(self) -> str:
        return f"{len(self.met)} of {len(self.all)} pairs of the space of jobs met"


SPACE = Space(
    (
        Dimension("queue", {"first": 2, "second": 1}),
        Dimension("handler", {"async": 2, "thread": 1}),
        Dimension("fails", {"never": 4, "once": 1, "always": 1}),
        Dimension("due", {"now": 4, "delayed": 1}),
    )
)


def draw(
    random: Random,
    n: int,
    *,
    name: str = "job",
    first: int = 1,
    queues: Sequence[str] = ("chaos",),
    takes: Collection[str] | None = None,
) -> list[Job]:
    """Draw jobs, whose ids are `<name>-<number>`, from `first` on.

    `takes` names the dimensions that the queue under test can take (`Target.takes`).
    """
    jobs = []
    for number in range(first, first + n):
        point = SPACE.point(random, takes)
        fails = {"never": 0, "once": 1, "always": 9}[point["fails"]]
        jobs.append(
            Job(
                id=f"{name}-{number:05d}",
                plan={"do": "fail", "times": fails} if fails else {"do": "ok", "ms": 5},
                queue=queues[-1] if point["queue"] == "second" else None,
                handler="thread" if point["handler"] == "thread" else "async",
                delay_ms=random.randint(100, 1_000) if point["due"] == "delayed" else 0,
                point=point,
            )
        )
    return jobs
