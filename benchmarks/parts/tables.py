"""The tables of the throughput benchmark."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from benchmarks.parts.figures import Figure, share
from benchmarks.parts.layout import table
from benchmarks.parts.results import Results, Summary


def print_results(results: Results, console: Console) -> None:
    console.print(_throughput(results))
    console.print(_bulk(results))
    console.print(_singles(results))
    console.print(_latency(results))


def _throughput(results: Results) -> Table:
    found = table(
        "no-op jobs: median of the rounds ± half of their range",
        "proc x\nconc", "", "jobs/s", "of\nfloor", "worker\nµs/job", "Redis\nµs/job", "of\nfloor",
        "calls\n/job", "bytes\n/job", "RSS\nMB",
    )  # fmt: skip
    for floor, workers in results.summaries():
        for one in (floor, workers):
            found.add_row(*_row(one, floor), end_section=one is workers)
    return found


def _row(one: Summary, floor: Summary) -> list[str]:
    return [
        f"{one.processes} x {one.concurrency}",
        one.contender,
        f"{one.jobs_per_s:.0f}",
        f"{share(one.jobs_per_s, floor.jobs_per_s):.0%}",
        f"{one.worker_us_per_job.median:.1f}",
        f"{one.redis_us_per_job.median:.1f}",
        f"{share(one.redis_us_per_job, floor.redis_us_per_job):.2f}",
        f"{one.calls_per_job.median:.3f}",
        f"{one.bytes_per_job.median:.0f}",
        "unknown" if one.peak_rss_mb is None else f"{one.peak_rss_mb.high:.1f}",
    ]


def _bulk(results: Results) -> Table:
    bulk = results.bulk()
    found = table("bulk enqueue", "", "jobs/s", "of bare loop")
    rows: list[tuple[str, Figure]] = [("bare loop", bulk.bare), ("enqueue_many", bulk.enqueue_many)]
    for name, figure in rows:
        found.add_row(name, f"{figure:.0f}", f"{share(figure, bulk.bare):.0%}")
    return found


def _singles(results: Results) -> Table:
    found = table("enqueue one by one", "", "jobs/s", "of bare call")
    figures = {name: Figure.of(values) for name, values in results.singles.items()}
    bare = next(iter(figures.values()))
    for name, figure in figures.items():
        found.add_row(name, f"{figure:.0f}", f"{share(figure, bare):.0%}")
    return found


def _latency(results: Results) -> Table:
    late = results.latency()
    found = table("pick-up by an idle worker", "", "p50 µs", "p99 µs", "p50, of PING", "p99")
    rows = [
        ("PING, same client", late.ping_p50, late.ping_p99),
        ("enqueue sent to claimed by floor", late.bare_p50, late.bare_p99),
        ("enqueue sent to handler started", late.pickup_p50, late.pickup_p99),
    ]
    for name, p50, p99 in rows:
        of_ping = (f"{p50 / late.ping_p50:.1f}", f"{p99 / late.ping_p50:.1f}")
        found.add_row(name, f"{p50:.0f}", f"{p99:.0f}", *of_ping)
    return found
