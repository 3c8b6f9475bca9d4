"""Throughput of the reference queue beside its floor: `python -m benchmarks.throughput`."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import click

from benchmarks.parts import command, goals, layout, machine, pickup, rounds, single, tables
from benchmarks.parts.results import GOAL_CASE, Results
from benchmarks.parts.stand import Stand, open_stand
from benchmarks.reference import queue
from benchmarks.reference.queue import CONTENDERS, Contender
from chaos.cli.program import enter
from chaos.report import output
from chaos.rig.progress import Progress

_WARM_UP_JOBS = 1000
#: One enqueue by itself for so many jobs of a round: it takes as much longer.
_SINGLES = 10


@click.command(name="python -m benchmarks.throughput")
@click.option(
    "--jobs",
    type=click.IntRange(1, 1_000_000),
    default=20_000,
    show_default=True,
    help="No-op jobs in each round.",
)
@click.option(
    "--processes",
    type=click.IntRange(1, 64),
    multiple=True,
    default=(1, 2),
    show_default=True,
    help="Worker processes; repeatable.",
)
@click.option(
    "--concurrency",
    type=click.IntRange(1, 1000),
    multiple=True,
    default=(10, 100),
    show_default=True,
    help="Jobs at a time per process; repeatable.",
)
@click.option(
    "--rounds",
    "repeats",
    type=click.IntRange(1, 100),
    default=3,
    show_default=True,
    help="Rounds of each kind; their median counts.",
)
@click.option(
    "--pickups",
    type=click.IntRange(1, 100_000),
    default=400,
    show_default=True,
    help="Jobs, 20 a second, whose pick-up latency is measured.",
)
@command.common_options
def main(**options: Any) -> None:
    """Measure the reference queue beside a floor, and print the ratios.

    The floor is a bare loop over the scripts that claim and complete jobs. It has the same client
    library, event loop and batch size, but no worker around it. For bulk enqueues the floor is a
    bare loop over the enqueue script; for single ones, the same call, packed beforehand, over a
    connection of redis-py. Rounds of floor and workers take turns.

    Microseconds per job are CPU time, of the worker processes and of the server's main thread.
    Client calls are commands that clients send (EVALSHA, BLPOP), not those that scripts call
    inside the server. Bytes kept are the server memory that a finished job still takes. Pick-up
    latency lasts from sending the enqueue to the start of the handler in an idle worker, or until
    an idle floor has the job. An MB is 10^6 bytes.

    Exit code: 0 after a measurement, whatever it found; 1 with --strict if a goal was not reached;
    2 on wrong usage; 3 if the measurement failed.
    """
    command.run(lambda: _benchmark(**options))


def _benchmark(
    *,
    jobs: int,
    processes: Sequence[int],
    concurrency: Sequence[int],
    repeats: int,
    pickups: int,
    redis: str,
    seed: int | None,
    json_path: Path | None,
    strict: bool,
) -> int:
    command.check_writable(json_path)
    seed = command.new_seed() if seed is None else seed
    random = Random(seed)
    console, progress = output.console(), Progress(output.console(stderr=True))
    cases = list(dict.fromkeys(itertools.product(processes, concurrency)))
    with open_stand(redis) as stand, progress.of("throughput"):
        about = machine.about(stand.server.version, seed)
        layout.print_about(about, console)
        plans = _plans(cases, jobs, repeats, random)
        for plan in plans[:2]:  # warms up the server's allocator, and the files
            rounds.play(stand, replace(plan, jobs=min(jobs, _WARM_UP_JOBS)))
        measured = [(plan, _round(stand, plan, progress)) for plan in plans]
        progress.say(f"{jobs // _SINGLES} enqueues one by one")
        singles = single.measure(stand, max(1, jobs // _SINGLES), repeats, random)
        progress.say(f"pick-up of {pickups} jobs")
        bare, late = (_pickup(stand, one, pickups, random, max(concurrency)) for one in CONTENDERS)
    results = Results(rounds=measured, singles=singles, pickup=late, bare_pickup=bare)
    to_reach = results.goals()
    tables.print_results(results, console)
    where = " with {} process, concurrency {}".format(*GOAL_CASE)
    goals.print_goals(to_reach, console, where)
    figures = {"about": about, "goals": goals.as_json(to_reach), **results.as_json()}
    command.write_json(json_path, figures)
    return command.MISSED if strict and not goals.reached(to_reach) else 0


def _plans(
    cases: Sequence[tuple[int, int]], jobs: int, repeats: int, random: Random
) -> list[rounds.Plan]:
    """Rounds in which floor and workers take turns, so a noisy machine hits both alike."""
    return [
        rounds.Plan(contender=one, jobs=jobs, processes=processes, concurrency=concurrency)
        for _ in range(repeats)
        for processes, concurrency in cases
        for one in random.sample(CONTENDERS, len(CONTENDERS))
    ]


def _round(stand: Stand, plan: rounds.Plan, progress: Progress) -> rounds.Round:
    progress.say(f"{plan.contender}, {plan.processes} x {plan.concurrency}")
    return rounds.play(stand, plan)


def _pickup(
    stand: Stand, contender: Contender, jobs: int, random: Random, concurrency: int
) -> pickup.Pickup:
    queue.prepare(stand.admin)
    return pickup.measure(stand, contender, jobs, random, concurrency=concurrency)


if __name__ == "__main__":
    enter(main, "python -m benchmarks.throughput")
