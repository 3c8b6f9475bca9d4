"""The reference beside other Python queues: `python -m benchmarks.compare`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from typing import Any

import click

from benchmarks.parts import command, machine
from benchmarks.parts.problem import BenchmarkProblem
from benchmarks.parts.sections import put_section
from benchmarks.parts.stand import Stand, open_stand
from benchmarks.peers import page, rounds
from benchmarks.peers.contenders import CONTENDERS, Contender
from benchmarks.peers.results import Measured
from chaos.cli.program import enter
from chaos.public.environments import EnvironmentProblem
from chaos.report import output
from chaos.rig.progress import Progress
from rrq_ref.cpus import usable_cpus

#: A drain of a slow queue takes no longer than this: it gets fewer jobs, but this many at least.
_DRAIN_S, _LEAST_JOBS = 4.0, 1_000
#: How many of the jobs of a drain are enqueued one by one, and are realistic.
_SINGLE, _REAL = 4, 10


@click.command(name="python -m benchmarks.compare")
@click.option("--peers", help="Names with commas between, beside rrq_ref. Default: all.")
@click.option("--jobs", type=click.IntRange(500, 1_000_000), default=20_000, show_default=True)
@click.option("--pickups", type=click.IntRange(10, 10_000), default=200, show_default=True)
@click.option(
    "--rounds",
    "repeats",
    type=click.IntRange(1, 100),
    default=4,
    show_default=True,
    help="Rounds of all contenders in turn; the median counts.",
)
@click.option("--quick", is_flag=True, help="One round of few jobs, beside one peer (mayu).")
@click.option("--page", "page_path", type=click.Path(path_type=Path, dir_okay=False),
              help="Also write the section of docs/speed.md, or of such a page.")  # fmt: skip
@command.common_options
def main(**options: Any) -> None:
    """Measure the reference and other Python queues in turn, in one run, and print the ratios.

    Each runs in an environment of its own, made on demand and kept, with the settings that make it
    fastest. Drain: no-op jobs that are there when a worker starts, from the first tenth on. CPU is
    that of all threads of the workers, and of the server. Pick-up lasts from sending an enqueue
    until an idle worker starts the job. A realistic job waits for 10 ms, and has 4 kB in and out.

    Exit code: 0 after a measurement, whatever it found; 2 on wrong usage; 3 if it failed.
    """
    command.run(lambda: _compare(**options))


def _compare(
    *,
    peers: str | None,
    jobs: int,
    pickups: int,
    repeats: int,
    quick: bool,
    page_path: Path | None,
    redis: str,
    seed: int | None,
    json_path: Path | None,
    strict: bool,
) -> int:
    del strict  # there are no goals
    command.check_writable(json_path)
    if quick:
        peers, jobs, pickups, repeats = peers or "mayu", min(jobs, 2_000), min(pickups, 20), 1
    contenders = _chosen(peers)
    seed = command.new_seed() if seed is None else seed
    console, progress = output.console(), Progress(output.console(stderr=True))
    measured = [Measured(contender=one) for one in contenders]
    with open_stand(redis) as stand, progress.of("compare"):
        about = {**machine.about(stand.server.version, seed), "jobs": jobs, "rounds": repeats}
        for one in measured:
            _prepare(one, progress)
        for number in range(1, repeats + 1):
            for one in Random(seed + number).sample(measured, len(measured)):
                if not one.problem:
                    progress.say(f"round {number}: {one.contender.name}")
                    _round(stand, one, jobs, pickups)
    for table in page.tables(measured):
        console.print(table)
    for one in measured:
        if one.problem:
            console.print(f"{one.contender.name} was not measured to its end: {one.problem}")
    command.write_json(
        json_path, {"about": about, "contenders": [one.as_json() for one in measured]}
    )
    if page_path is not None:
        put_section(page_path, page.HEADING, page.section(measured, about))
    return 0


def _chosen(peers: str | None) -> Sequence[Contender]:
    ours, *others = CONTENDERS
    known = {one.name: one for one in others}
    names = [*known] if peers is None else [name.strip() for name in peers.split(",")]
    for name in names:
        if name not in known:
            raise click.BadParameter(f"--peers {name}: there is {', '.join(known)}")
    return [ours, *(known[name] for name in dict.fromkeys(names))]


def _prepare(one: Measured, progress: Progress) -> None:
    progress.say(f"the environment of {one.contender.name}")
    try:
        one.contender.prepare()
    except EnvironmentProblem as problem:
        one.problem = str(problem)


def _round(stand: Stand, one: Measured, jobs: int, pickups: int) -> None:
    """Measure everything once. What fails is told with the reason, and is not tried again."""
    contender = one.contender
    most = one.jobs(jobs, _DRAIN_S, _LEAST_JOBS)
    few = max(200, most // _SINGLE)
    todo: list[Callable[[], None]] = [
        lambda: one.note(drain=rounds.drain(stand, contender, most, 1, "noop")),
        lambda: one.note(many=rounds.enqueue(stand, contender, "many", most)),
        lambda: one.note(pickup=rounds.pick_up(stand, contender, pickups)),
        lambda: one.note(real=rounds.drain(stand, contender, max(200, most // _REAL), 1, "real")),
        lambda: one.note(wide=rounds.drain(stand, contender, most, usable_cpus(), "noop")),
    ]
    if contender.has_sync:
        todo.append(lambda: one.note(sync=rounds.enqueue(stand, contender, "sync", few)))
    if contender.has_async:
        todo.append(lambda: one.note(asyn=rounds.enqueue(stand, contender, "async", few)))
    try:
        for measure in todo:
            measure()
    except BenchmarkProblem as problem:
        one.problem = str(problem)


if __name__ == "__main__":
    enter(main, "python -m benchmarks.compare")
