"""How the reference's cost grows: `python -m benchmarks.growth`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import click

from benchmarks.growing import page, plot
from benchmarks.growing.axes import AXES, Axis, Effort
from benchmarks.growing.results import Results
from benchmarks.parts import command, goals, layout, machine
from benchmarks.parts.sections import put_section
from benchmarks.parts.stand import Stand, open_stand
from benchmarks.reference import queue
from chaos.cli.program import enter
from chaos.report import output
from chaos.report.files import replace_file
from chaos.rig.progress import Progress

#: Of each axis, a quick run has so many points.
_QUICK_POINTS = 2


@click.command(name="python -m benchmarks.growth")
@click.option(
    "--axis",
    "chosen",
    type=click.Choice([axis.name for axis in AXES]),
    multiple=True,
    help="Vary only this; repeatable. Default: all.",
)
@click.option(
    "--jobs",
    type=click.IntRange(10, 1_000_000),
    default=10_000,
    show_default=True,
    help="Jobs that are drained, and enqueued in bulk, at each point in each round; a tenth of them"
    " is enqueued one by one. Of large results there are fewer.",
)
@click.option(
    "--pickups",
    type=click.IntRange(1, 100_000),
    default=40,
    show_default=True,
    help="Jobs, 20 a second, whose pick-up latency is measured in each round.",
)
@click.option(
    "--idle",
    "idle_s",
    type=click.FloatRange(0.1, 600),
    default=5.0,
    show_default=True,
    help="Seconds for which idle workers are watched, once they have idled for as long.",
)
@click.option(
    "--rounds",
    "repeats",
    type=click.IntRange(1, 100),
    default=3,
    show_default=True,
    help="Rounds of all points in turn; their median counts.",
)
@click.option(
    "--quick", is_flag=True, help="One round of few jobs at the first points of each axis."
)
@click.option(
    "--page",
    "page_path",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Also write the section of docs/speed.md, or of such a page, and the picture beside it.",
)
@command.common_options
def main(**options: Any) -> None:
    """Measure the reference with ever more jobs waiting, queues, workers, and bytes of a result.

    At each point: jobs per second and CPU per job of a drain; enqueues per second, one by one and
    in bulk; pick-up latency, while the jobs that wait are not due. What cannot depend on a thing is
    not measured over it. The goals: from 1,000 to 1,000,000 jobs waiting, where the logarithm of
    their number doubles, no cost does more than that.

    Exit code: 0 after a measurement, whatever it found; 1 with --strict if a goal was not reached;
    2 on wrong usage; 3 if the measurement failed.
    """
    command.run(lambda: _benchmark(**options))


def _benchmark(
    *,
    chosen: tuple[str, ...],
    jobs: int,
    pickups: int,
    idle_s: float,
    repeats: int,
    quick: bool,
    page_path: Path | None,
    redis: str,
    seed: int | None,
    json_path: Path | None,
    strict: bool,
) -> int:
    command.check_writable(json_path)
    if page_path is not None and plot.missing():
        raise click.BadParameter(
            "--page draws with matplotlib, which is missing: pip install '.[benchmarks]'"
        )
    axes = [axis for axis in AXES if not chosen or axis.name in chosen]
    if quick:
        jobs, pickups, idle_s, repeats = min(jobs, 1_000), min(pickups, 10), min(idle_s, 0.5), 1
        axes = [replace(axis, points=axis.points[:_QUICK_POINTS]) for axis in axes]
    seed = command.new_seed() if seed is None else seed
    console, progress = output.console(), Progress(output.console(stderr=True))
    with open_stand(redis) as stand, progress.of("growth"):
        about = {**machine.about(stand.server.version, seed), "jobs": jobs, "rounds": repeats}
        layout.print_about(about, console)
        effort = Effort(jobs=jobs, pickups=pickups, idle_s=idle_s)
        results = _measure(stand, axes, effort, repeats, Random(seed), progress)
    to_reach = results.goals()
    for table in page.tables(results):
        console.print(table)
    goals.print_goals(to_reach, console, ": 1,000,000 jobs waiting, of 1,000")
    command.write_json(
        json_path, {"about": about, "goals": goals.as_json(to_reach), **results.as_json()}
    )
    if page_path is not None:
        picture = page_path.with_name(f"{page_path.stem}-growth.svg")
        replace_file(picture, plot.svg(results))
        put_section(page_path, page.HEADING, page.section(results, about, picture.name))
    return command.MISSED if strict and not goals.reached(to_reach) else 0


def _measure(
    stand: Stand, axes: list[Axis], effort: Effort, repeats: int, random: Random, progress: Progress
) -> Results:
    """Rounds in which all points take turns, so a noisy machine hits all alike."""
    results = Results()
    points = [(axis, point) for axis in axes for point in axis.points]
    for number in range(1, repeats + 1):
        for axis, point in random.sample(points, len(points)):
            progress.say(f"round {number}: {axis.title}, {point:,}")
            queue.prepare(stand.admin)
            results.note(axis, point, axis.measure(stand, point, effort, random))
    for axis, point in points:
        if axis.once is not None:
            progress.say(f"idle: {axis.title}, {point:,}")
            queue.prepare(stand.admin)
            results.note(axis, point, axis.once(stand, point, effort))
    return results


if __name__ == "__main__":
    enter(main, "python -m benchmarks.growth")
