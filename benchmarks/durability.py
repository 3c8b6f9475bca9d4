"""The cost of waiting until writes are durable: `python -m benchmarks.durability`."""

from __future__ import annotations

import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import click
from rich.table import Table

from benchmarks.parts import command, layout, loop, machine
from benchmarks.parts.figures import Figure, percentile
from benchmarks.reference.handlers import HANDLERS
from chaos.cli.program import enter
from chaos.report import output
from chaos.rig.progress import Progress
from chaos.servers import ServerProblem, open_server
from chaos.servers.binary import BinaryServer
from chaos.servers.replication import Replication
from rrq_ref import Client, NewJob, Settings, Worker, connect
from rrq_ref.settings import Durability


@dataclass(frozen=True, slots=True, kw_only=True)
class Mode:
    """A durability setting, and the factor by which its rounds have fewer jobs."""

    durability: Durability = "none"
    replicas: int = 1
    fewer: int = 1


MODES = {
    "none": Mode(),
    "replicated": Mode(durability="replicated"),
    "fsynced here": Mode(durability="fsynced", replicas=0),
    # A replica reports its disk only once a second.
    "fsynced on both": Mode(durability="fsynced", fewer=50),
}
Samples = dict[str, dict[str, list[float]]]


@click.command(name="python -m benchmarks.durability")
@click.option(
    "--jobs",
    type=click.IntRange(1, 1_000_000),
    default=2_000,
    show_default=True,
    help="Jobs enqueued in bulk and run, in each round.",
)
@click.option(
    "--singles",
    type=click.IntRange(1, 100_000),
    default=200,
    show_default=True,
    help="Jobs enqueued one by one, in each round.",
)
@click.option(
    "--rounds",
    type=click.IntRange(1, 100),
    default=3,
    show_default=True,
    help="Rounds of each mode; their median counts.",
)
@command.common_options
def main(**options: Any) -> None:
    """Measure enqueues and jobs under each `durability`, beside those that wait for nothing.

    The server stores each write before it answers (appendfsync always). So does its one replica,
    on the same machine; another machine would add a round trip. The modes take turns. p50 and p99
    are of enqueues one after another, `bulk` is `enqueue_many`, and `run` is one worker with 100
    slots on no-op jobs. Ratios are to `none` in the same run. The last mode waits for seconds, and
    gets a 50th of the jobs.

    Exit code: 0 after a measurement, whatever it found; 2 on wrong usage; 3 if it failed.
    """
    command.run(lambda: _benchmark(**options))


def _benchmark(
    *,
    jobs: int,
    singles: int,
    rounds: int,
    redis: str,
    seed: int | None,
    json_path: Path | None,
    strict: bool,
) -> int:
    del strict  # this benchmark has no goal
    command.check_writable(json_path)
    seed = command.new_seed() if seed is None else seed
    random = Random(seed)
    console, progress = output.console(), Progress(output.console(stderr=True))
    samples: Samples = {mode: defaultdict(list) for mode in MODES}
    with _pair(redis) as server, progress.of("durability"):
        about = machine.about(server.version, seed)
        layout.print_about(about, console)
        loop.run(_round(server.url, Mode(), min(jobs, 200), min(singles, 50)))  # warms up
        for number in range(rounds):
            for name in random.sample(list(MODES), len(MODES)):
                progress.say(f"round {number + 1}, {name}")
                for figure, values in loop.run(
                    _round(server.url, MODES[name], jobs, singles)
                ).items():
                    samples[name][figure] += values
    figures = {mode: _figures(samples[mode]) for mode in MODES}
    console.print(_table(figures))
    command.write_json(json_path, {"about": about, **figures})
    return 0


@contextmanager
def _pair(redis: str) -> Iterator[BinaryServer]:
    """A primary and its replica."""
    with tempfile.TemporaryDirectory(prefix="rrq-benchmark-") as name:
        directory = Path(name)
        server = open_server(redis, directory / "server", durability="always")
        if not isinstance(server, BinaryServer):
            raise ServerProblem("this benchmark starts a replica; use embedded or local")
        with server, Replication(server, directory / "replication", "always"):
            yield server


async def _round(url: str, mode: Mode, jobs: int, singles: int) -> dict[str, list[float]]:
    """Latencies of single enqueues in µs; jobs per second, enqueued in bulk and run."""
    jobs, singles = max(1, jobs // mode.fewer), max(1, singles // mode.fewer)
    settings = Settings(
        redis_url=url, durability=mode.durability, replicas=mode.replicas, concurrency=100
    )
    latencies = []
    async with Client(settings) as client:
        for _ in range(singles):
            began = time.perf_counter()
            await client.enqueue("noop")
            latencies.append((time.perf_counter() - began) * 1e6)
        began = time.perf_counter()
        await client.enqueue_many([NewJob(function="noop") for _ in range(jobs)])
        bulk_s = time.perf_counter() - began
    redis = connect(settings)
    worker = Worker(redis, HANDLERS, settings, worker_id="benchmark", burst=True)
    began = time.perf_counter()
    await worker.run()
    run_s = time.perf_counter() - began
    await redis.flushdb()
    await redis.aclose(close_connection_pool=True)
    return {"single_us": latencies, "bulk": [jobs / bulk_s], "run": [(jobs + singles) / run_s]}


def _figures(samples: dict[str, list[float]]) -> dict[str, float]:
    return {
        "single_p50_us": percentile(samples["single_us"], 50),
        "single_p99_us": percentile(samples["single_us"], 99),
        "bulk_per_s": Figure.of(samples["bulk"]).median,
        "run_per_s": Figure.of(samples["run"]).median,
    }


def _table(figures: dict[str, dict[str, float]]) -> Table:
    names = ("p50 µs", "p99 µs", "ratio", "bulk/s", "ratio", "run/s", "ratio")
    rows = layout.table("what waiting costs", "waits until", *names)
    free = figures["none"]
    for mode, one in figures.items():
        ratios = {name: one[name] / free[name] for name in one}
        rows.add_row(
            mode,
            *(f"{one[name]:,.0f}" for name in ("single_p50_us", "single_p99_us")),
            f"{ratios['single_p50_us']:.2f}",
            *(f"{one['bulk_per_s']:,.0f}", f"{ratios['bulk_per_s']:.2f}"),
            *(f"{one['run_per_s']:,.0f}", f"{ratios['run_per_s']:.2f}"),
        )
    return rows


if __name__ == "__main__":
    enter(main, "python -m benchmarks.durability")
