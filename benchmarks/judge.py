"""The judge's time for a usual history, and for a long one: `python -m benchmarks.judge`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
from rich.table import Table

from benchmarks.parts import command, goals, layout, machine
from benchmarks.parts.child import run_module
from benchmarks.parts.figures import Figure
from benchmarks.parts.goals import Goal
from benchmarks.parts.longer import events_in, lengthen
from benchmarks.parts.problem import BenchmarkProblem
from benchmarks.parts.stand import open_stand
from chaos.cli.program import enter
from chaos.report import output
from chaos.rig.progress import Progress

#: Limits for a process, in seconds: far more than it needs.
_PLAY_S, _JUDGE_S = 300.0, 3_600.0
#: So many events are what the goals for a long history are about.
_LONG = 10_000_000

Judged = dict[str, Any]


@click.command(name="python -m benchmarks.judge")
@click.option(
    "--events",
    type=click.IntRange(1, 100_000_000),
    default=1_000_000,
    show_default=True,
    help="At least so many events in the long history.",
)
@click.option(
    "--seconds",
    type=click.FloatRange(0.1, 60),
    default=8.0,
    show_default=True,
    help="Length of the run whose work the long history repeats.",
)
@click.option(
    "--rounds",
    type=click.IntRange(1, 100),
    default=5,
    show_default=True,
    help="Number of times that the usual history is judged.",
)
@command.common_options
def main(**options: Any) -> None:
    """Judge the run of a scenario (`steady_load`), and a history that repeats its work.

    Each is judged by a process of its own, whose time counts without its start. The run's events
    are those of workers, producers and the wire.

    Exit code: 0 after a measurement, whatever it found; 1 with --strict if a goal was not reached;
    2 on wrong usage; 3 if the measurement failed.
    """
    command.run(lambda: _benchmark(**options))


def _benchmark(
    *,
    events: int,
    seconds: float,
    rounds: int,
    redis: str,
    seed: int | None,
    json_path: Path | None,
    strict: bool,
) -> int:
    command.check_writable(json_path)
    seed = command.new_seed() if seed is None else seed
    console, progress = output.console(), Progress(output.console(stderr=True))
    with open_stand(redis) as stand, progress.of("judge"):
        directory = stand.directory
        usual, longer = directory / "usual", directory / "longer"
        about = machine.about(stand.server.version, seed)
        layout.print_about(about, console)
        progress.say("playing steady_load")
        words = ["--out", str(usual), "--redis", stand.server.url, "--seed", str(seed)]
        words += ["--seconds", str(seconds)]
        run_module("chaos.steady_load", words, directory, _PLAY_S)
        found = {"usual": _judged(usual, rounds, directory)}
        progress.say("writing its work again and again")
        lengthen(usual, longer, events)
        progress.say("judging that")
        found["long"] = _judged(longer, 1, directory)
    to_reach = _goals(found)
    console.print(_table(found))
    goals.print_goals(to_reach, console)
    command.write_json(json_path, {"about": about, "goals": goals.as_json(to_reach), **found})
    return command.MISSED if strict and not goals.reached(to_reach) else 0


def _judged(run_dir: Path, times: int, directory: Path) -> Judged:
    """Judge a run, and tell what that took."""
    words = [str(run_dir), str(times)]
    judged: Judged = json.loads(run_module("benchmarks.parts.judging", words, directory, _JUDGE_S))
    if judged["outcome"] != "pass":
        raise BenchmarkProblem(f"the verdict is {judged['outcome']}: {judged['why']}")
    size = sum(path.stat().st_size for path in (run_dir / "history").iterdir())
    return {**judged, "events": events_in(run_dir), "size_mb": size / 2**20}


def _goals(found: dict[str, Judged]) -> list[Goal]:
    usual, long = found["usual"], found["long"]
    enough = long["events"] >= _LONG
    return [
        Goal(name="usual history", bound=0.3, unit=" s", measured=min(usual["seconds"])),
        Goal(
            name="ten million events",
            bound=12,
            unit=" s",
            measured=long["seconds"][0] if enough else None,
        ),
        Goal(
            name="ten million events, RSS",
            bound=1_500,
            unit=" MB",
            measured=long["peak_rss_mb"] if enough else None,
        ),
    ]


def _table(found: dict[str, Judged]) -> Table:
    table = layout.table("", "history", "events", "MB", "seconds", "events/s", "peak RSS MB")
    for name, one in found.items():
        took = Figure.of(one["seconds"])
        table.add_row(
            name,
            f"{one['events']:,}",
            f"{one['size_mb']:,.0f}",
            f"{took:.2f}",
            f"{one['events'] / took.median:,.0f}",
            f"{one['peak_rss_mb']:,.0f}",
        )
    return table


if __name__ == "__main__":
    enter(main, "python -m benchmarks.judge")
