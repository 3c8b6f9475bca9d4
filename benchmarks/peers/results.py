"""What was measured of each contender."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from operator import attrgetter, itemgetter
from typing import Any

from benchmarks.parts.figures import Figure
from benchmarks.peers.contenders import Contender
from benchmarks.peers.rounds import Drain

#: Jobs of a first round, when nothing is known yet.
_FIRST_JOBS = 4_000


@dataclass(slots=True, kw_only=True)
class Measured:
    """The rounds of one contender so far."""

    contender: Contender
    #: Why something could not be measured; empty if everything was.
    problem: str = ""
    noted: dict[str, list[Any]] = field(default_factory=lambda: defaultdict(list))

    def note(self, **values: Any) -> None:
        """Keep figures of a round by their names."""
        for name, value in values.items():
            self.noted[name].append(value)

    def jobs(self, most: int, seconds: float, least: int) -> int:
        """As many jobs as one worker does in so many seconds, within bounds."""
        drains: list[Drain] = self.noted["drain"]
        can = drains[-1].jobs_per_s * seconds if drains else _FIRST_JOBS
        return max(min(most, least), min(most, int(can)))

    def figure(self, name: str, of: Callable[[Any], float] = float) -> Figure | None:
        """Median and range of what has this name; None if it was not measured."""
        values = [of(value) for value in self.noted.get(name, ())]
        return Figure.of(values) if values else None

    def as_json(self) -> dict[str, Any]:
        return {
            "name": self.contender.name,
            "version": self.contender.version,
            "concurrency": self.contender.concurrency,
            "settings": self.contender.settings,
            "problem": self.problem,
            "rounds": {
                name: [asdict(value) if isinstance(value, Drain) else value for value in values]
                for name, values in self.noted.items()
            },
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column of the tables."""

    title: str
    of: Callable[[Measured], Figure | None]
    spec: str
    #: More is better.
    more: bool

    def best(self, measured: list[Measured]) -> float | None:
        """The best median of all; None if nobody has one."""
        medians = [figure.median for one in measured if (figure := self.of(one)) is not None]
        return (max if self.more else min)(medians) if medians else None


COLUMNS = (
    Column(
        title="drain, 1 process, jobs/s",
        of=lambda one: one.figure("drain", attrgetter("jobs_per_s")),
        spec=",.0f",
        more=True,
    ),
    Column(
        title="drain, a process per CPU, jobs/s",
        of=lambda one: one.figure("wide", attrgetter("jobs_per_s")),
        spec=",.0f",
        more=True,
    ),
    Column(
        title="worker CPU, µs/job",
        of=lambda one: one.figure("drain", attrgetter("worker_us_per_job")),
        spec=".0f",
        more=False,
    ),
    Column(
        title="Redis CPU, µs/job",
        of=lambda one: one.figure("drain", attrgetter("redis_us_per_job")),
        spec=".0f",
        more=False,
    ),
    Column(
        title="enqueue one by one, sync, /s",
        of=lambda one: one.figure("sync"),
        spec=",.0f",
        more=True,
    ),
    Column(
        title="enqueue one by one, async, /s",
        of=lambda one: one.figure("asyn"),
        spec=",.0f",
        more=True,
    ),
    Column(title="enqueue many, /s", of=lambda one: one.figure("many"), spec=",.0f", more=True),
    Column(
        title="pick-up p50, ms",
        of=lambda one: one.figure("pickup", itemgetter(0)),
        spec=".2f",
        more=False,
    ),
    Column(
        title="pick-up p99, ms",
        of=lambda one: one.figure("pickup", itemgetter(1)),
        spec=".1f",
        more=False,
    ),
    Column(
        title="realistic jobs/s",
        of=lambda one: one.figure("real", attrgetter("jobs_per_s")),
        spec=",.0f",
        more=True,
    ),
    Column(
        title="bytes kept per job",
        of=lambda one: one.figure("drain", attrgetter("bytes_per_job")),
        spec=".0f",
        more=False,
    ),
    Column(
        title="peak RSS, MB",
        of=lambda one: one.figure("drain", attrgetter("peak_rss_mb")),
        spec=".0f",
        more=False,
    ),
)
"""In the order in which they are shown."""
