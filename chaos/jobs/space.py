"""The space of jobs: named dimensions, each with its values, combined freely.

A point of the space is a value for each dimension. The first value of a dimension is the plain one,
which every queue can take. `chaos.jobs.making` makes a job of a point.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Set
from dataclasses import dataclass
from functools import cache
from itertools import combinations
from random import Random

Point = Mapping[str, str]
"""A value for each dimension, by its name."""

Pair = tuple[str, str]
"""Two values that met in one job, each as `dimension=value`."""


@dataclass(frozen=True, slots=True)
class Dimension:
    """One choice about a job: its values with their weights in the draw, the plain one first."""

    name: str
    values: Mapping[str, int]
    #: What a value is, in one sentence.
    meaning: str
    #: The caller's choice, and not drawn.
    given: bool = False
    #: Values that cost so much that a draw has few of them.
    costly: Set[str] = frozenset()

    @property
    def plain(self) -> str:
        return next(iter(self.values))

    def draw(self, random: Random, *, light: bool, never: Collection[str]) -> str:
        """Draw a value; with `light`, none that is costly, and none that `never` names."""
        values = [
            value
            for value in self.values
            if not (light and value in self.costly) and f"{self.name}={value}" not in never
        ]
        return random.choices(values, [self.values[value] for value in values])[0]


@dataclass(frozen=True, slots=True)
class Space:
    """Dimensions that are combined freely, but for the values that cannot meet."""

    dimensions: tuple[Dimension, ...]
    #: Pairs of values of which the second is then the plain one: a job has no use for both.
    excluded: tuple[Pair, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(each.name for each in self.dimensions)

    def point(
        self,
        random: Random,
        given: Point,
        takes: Collection[str] | None = None,
        *,
        light: bool = False,
        never: Collection[str] = (),
    ) -> Point:
        """Draw a point; `given` values are not drawn. A dimension that is not in `takes` has its
        plain value (None: all are). `light` and `never` as in `Dimension.draw`."""
        drawn = dict(given)
        for each in self.dimensions:
            value = each.plain if each.given else each.draw(random, light=light, never=never)
            known = takes is None or each.name in takes
            drawn.setdefault(each.name, value if known else each.plain)
        for left, right in self.excluded:
            (one, value), (other, clashing) = left.split("="), right.split("=")
            if drawn[one] == value and drawn[other] == clashing:
                drawn[other] = self[other].plain
        return {name: drawn[name] for name in self.names}

    def pairs(self) -> Iterator[Pair]:
        """All pairs of values that can meet in one job."""
        never = {(min(excluded), max(excluded)) for excluded in self.excluded}
        for one, other in combinations(self.dimensions, 2):
            for left in one.values:
                found = (pair(one.name, left, other.name, right) for right in other.values)
                yield from (each for each in found if each not in never)

    def __getitem__(self, name: str) -> Dimension:
        (found,) = (each for each in self.dimensions if each.name == name)
        return found


@cache
def pair(one: str, left: str, other: str, right: str) -> Pair:
    """The pair of two dimensions' values, the same in both orders."""
    first, second = sorted((f"{one}={left}", f"{other}={right}"))
    return first, second


def pairs_of(point: Point) -> set[Pair]:
    """The pairs of values that meet in a job at this point."""
    return {
        pair(one, left, other, right)
        for (one, left), (other, right) in combinations(point.items(), 2)
    }


def told(point: Point) -> str | None:
    """A point as a history tells it: `queue=first handler=thread …`."""
    return " ".join(f"{name}={value}" for name, value in point.items()) or None


def read(text: str) -> Point:
    """The point that a history tells."""
    return dict(word.split("=", 1) for word in text.split() if "=" in word)


SPACE = Space(
    (
        Dimension(
            "queue",
            {"first": 3, "second": 2, "third": 1},
            "the run's queue that it goes to, in their order of priority",
        ),
        Dimension(
            "handler", {"async": 3, "thread": 2}, "an `async def`, or a plain function in a thread"
        ),
        Dimension(
            "work",
            {"none": 6, "short": 12, "loops": 5, "long": 3, "deaf": 1},
            "how long and in which way its handler works",
            costly=frozenset({"long", "deaf"}),
        ),
        Dimension(
            "timeout",
            {"roomy": 40, "hit": 1},
            "`hit`: it is still running when its time is up",
            costly=frozenset({"hit"}),
        ),
        Dimension(
            "fails",
            {"never": 12, "once": 3, "twice": 2, "always": 1},
            "how many of its attempts raise",
        ),
        Dimension(
            "raises",
            {
                "error": 3,
                "timeout": 1,
                "cancelled": 1,
                "exit": 1,
                "stop": 1,
                "memory": 1,
                "retry-now": 1,
                "retry-soon": 1,
                "retry-late": 1,
            },
            "what they raise; `retry-…`: they ask to be run again at once, in half a second, in an"
            " hour",
        ),
        Dimension(
            "crashes",
            {"never": 200, "once": 2, "twice": 1},
            "how many of its attempts kill their worker",
            costly=frozenset({"once", "twice"}),
        ),
        Dimension("budget", {"three": 3, "one": 1, "five": 1}, "runs that it may have in all"),
        Dimension(
            "due",
            {"now": 12, "delayed": 3, "until": 2, "past": 2, "far": 1},
            "when it is due: after a delay, at a time that comes, that is past, or in an hour",
        ),
        Dimension(
            "unique",
            {"none": 6, "own": 2, "shared": 2},
            "its unique key, perhaps that of others that live at the same time",
        ),
        Dimension(
            "id",
            {"given": 6, "none": 2, "twice": 1},
            "`none`: the queue gives it one; `twice`: it is enqueued again, with other arguments",
        ),
        Dimension(
            "args",
            {"none": 60, "falsy": 30, "unicode": 30, "nested": 30, "numbers": 30}
            | {"large": 6, "huge": 1},
            "its arguments: JSON of every kind; 300 kB; 5 MB",
            costly=frozenset({"large", "huge"}),
        ),
        Dimension(
            "result",
            {"none": 4, "echo": 12, "falsy": 3, "large": 1, "unserialisable": 1},
            "what its handler returns: its arguments, 300 kB, or something that has no JSON",
            costly=frozenset({"large"}),
        ),
        Dimension(
            "kept", {"usual": 6, "hour": 2, "ever": 1}, "how long it is kept once it is completed"
        ),
        Dimension(
            "effects",
            {"one": 6, "none": 3, "four": 3, "refused": 1, "refused-last": 1, "clash": 1},
            "the commands in its commit; one that the server refuses stands first or last;"
            " `clash`: whether one is refused is up to other jobs",
        ),
        Dimension(
            "batch",
            {"few": 1, "one": 1, "hundred": 1, "thousand": 1},
            "the number of jobs that are enqueued in one call",
            given=True,
        ),
        Dimension("client", {"sync": 1, "async": 1}, "the client that enqueues it", given=True),
    ),
    excluded=(
        # Nothing is raised, and so nothing that it could be.
        *(
            ("fails=never", f"raises={word}")
            for word in (
                "timeout",
                "cancelled",
                "exit",
                "stop",
                "memory",
                "retry-now",
                "retry-soon",
                "retry-late",
            )
        ),
        # A job that never comes to its end returns nothing.
        *(("timeout=hit", f"result={word}") for word in ("falsy", "large", "unserialisable")),
        # One that is due in an hour is not run while anybody looks.
        *(("due=far", word) for word in ("crashes=once", "crashes=twice", "timeout=hit")),
        # Nobody could tell which of several nameless jobs under one key is the one that lives.
        ("unique=shared", "id=none"),
        # Many jobs at once need not be large.
        *((f"batch={word}", "args=huge") for word in ("hundred", "thousand")),
    ),
)
"""All that the rig asks of queues."""

PLAIN = ("work", "fails", "due")
"""The dimensions of plain jobs, which every queue can take."""

#: The most jobs of a batch of each name.
BATCHES = {"one": 1, "few": 20, "hundred": 100, "thousand": 1_000}


def batch_of(n: int) -> str:
    """The word for a batch of so many jobs."""
    return next(word for word, most in BATCHES.items() if n <= most or word == "thousand")


class Coverage:
    """The pairs of values that jobs have met, of all that there are."""

    def __init__(self, space: Space = SPACE) -> None:
        self.all = frozenset(space.pairs())
        self.met: set[Pair] = set()

    def add(self, points: Iterable[Point]) -> None:
        """Count the pairs of these points."""
        for point in points:
            self.met |= pairs_of(point) & self.all

    def new(self, point: Point) -> int:
        """The number of pairs that this point would be the first to meet."""
        return len((pairs_of(point) & self.all) - self.met)

    @property
    def left(self) -> frozenset[Pair]:
        """The pairs that no job has met."""
        return self.all - self.met

    def __str__(self) -> str:
        return f"{len(self.met)} of {len(self.all)} pairs of the space of jobs"
