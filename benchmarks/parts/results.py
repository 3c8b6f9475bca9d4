"""The results of a run of the throughput benchmark, and their distance from its goals."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from benchmarks.parts.figures import Figure, percentile, share
from benchmarks.parts.goals import Goal
from benchmarks.parts.pickup import Pickup
from benchmarks.parts.rounds import Plan, Round
from benchmarks.reference.queue import CONTENDERS, Contender

#: The goals are for this many worker processes and jobs at a time.
GOAL_CASE = (1, 100)


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """The rounds of one contender in one case."""

    contender: Contender
    processes: int
    concurrency: int
    jobs_per_s: Figure
    worker_us_per_job: Figure
    redis_us_per_job: Figure
    calls_per_job: Figure
    bytes_per_job: Figure
    peak_rss_mb: Figure | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Bulk:
    """Jobs enqueued per second."""

    bare: Figure
    enqueue_many: Figure

    @property
    def share(self) -> float:
        return self.enqueue_many.median / self.bare.median


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """Pick-up latency, and the PING beside it, in microseconds."""

    ping_p50: float
    ping_p99: float
    bare_p50: float
    bare_p99: float
    pickup_p50: float
    pickup_p99: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """All measurements of a run."""

    rounds: Sequence[tuple[Plan, Round]]
    #: Jobs per second of each way to enqueue one by one, the bare call first.
    singles: Mapping[str, Sequence[float]]
    pickup: Pickup
    bare_pickup: Pickup

    def summaries(self) -> Iterator[tuple[Summary, Summary]]:
        """Floor and workers, case by case."""
        cases = dict.fromkeys((plan.processes, plan.concurrency) for plan, _ in self.rounds)
        for case in cases:
            floor, workers = (self._summary(contender, *case) for contender in CONTENDERS)
            yield floor, workers

    def bulk(self) -> Bulk:
        bare, many = (
            Figure.of([one.enqueued_per_s for plan, one in self.rounds if plan.contender == who])
            for who in CONTENDERS
        )
        return Bulk(bare=bare, enqueue_many=many)

    def latency(self) -> Latency:
        ping, latency = self.pickup.ping_us, self.pickup.latency_us
        bare = self.bare_pickup.latency_us
        return Latency(
            ping_p50=percentile(ping, 50),
            ping_p99=percentile(ping, 99),
            bare_p50=percentile(bare, 50),
            bare_p99=percentile(bare, 99),
            pickup_p50=percentile(latency, 50),
            pickup_p99=percentile(latency, 99),
        )

    def goals(self) -> list[Goal]:
        """The goals, each with its measured figure."""
        pairs = {(one.processes, one.concurrency): (floor, one) for floor, one in self.summaries()}
        pair = pairs.get(GOAL_CASE)

        def of(figure: Callable[[Summary, Summary], float | None]) -> float | None:
            return None if pair is None else figure(*pair)

        late = self.latency()
        # One goal, two lines: a table.
        # fmt: off
        return [
            Goal(name="throughput, of the floor's", at_least=True, bound=60, unit=" %",
                 measured=of(lambda floor, one: 100 * share(one.jobs_per_s, floor.jobs_per_s))),
            Goal(name="Redis CPU per job, of the floor's", bound=1.3, unit=" times",
                 measured=of(lambda floor, one: share(one.redis_us_per_job,
                                                      floor.redis_us_per_job))),
            Goal(name="client calls per job", bound=0.1,
                 measured=of(lambda _, one: one.calls_per_job.median)),
            Goal(name="bytes kept per finished job", bound=600,
                 measured=of(lambda _, one: one.bytes_per_job.median)),
            Goal(name="pick-up p50, of the median PING", bound=8, unit=" times",
                 measured=late.pickup_p50 / late.ping_p50),
            Goal(name="pick-up p99, of the median PING", bound=25, unit=" times",
                 measured=late.pickup_p99 / late.ping_p50),
            Goal(name="peak RSS of a worker process", bound=45, unit=" MB",
                 measured=of(lambda _, one: one.peak_rss_mb.high if one.peak_rss_mb else None)),
            Goal(name="bulk enqueue, of the bare loop's", at_least=True, bound=60, unit=" %",
                 measured=100 * self.bulk().share),
        ]
        # fmt: on

    def as_json(self) -> dict[str, Any]:
        return {
            "cases": [asdict(one) for pair in self.summaries() for one in pair],
            "bulk_enqueue_per_s": asdict(self.bulk()),
            "enqueue_per_s": {name: asdict(Figure.of(of)) for name, of in self.singles.items()},
            "latency_us": asdict(self.latency()),
            "rounds": [{**asdict(plan), **asdict(one)} for plan, one in self.rounds],
        }

    def _summary(self, contender: Contender, processes: int, concurrency: int) -> Summary:
        mine = [
            one
            for plan, one in self.rounds
            if (plan.contender, plan.processes, plan.concurrency)
            == (contender, processes, concurrency)
        ]
        peaks = [one.peak_rss_mb for one in mine if one.peak_rss_mb is not None]
        return Summary(
            contender=contender,
            processes=processes,
            concurrency=concurrency,
            jobs_per_s=Figure.of([one.jobs_per_s for one in mine]),
            worker_us_per_job=Figure.of([one.worker_us_per_job for one in mine]),
            redis_us_per_job=Figure.of([one.redis_us_per_job for one in mine]),
            calls_per_job=Figure.of([one.calls_per_job for one in mine]),
            bytes_per_job=Figure.of([one.bytes_per_job for one in mine]),
            peak_rss_mb=Figure.of(peaks) if peaks else None,
        )
