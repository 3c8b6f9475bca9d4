"""The command of one scenario: a run, or many of them with one table."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from importlib import import_module
from typing import Any

import click
from rich.console import Console

from chaos.cli import options
from chaos.cli.known import held, known_option
from chaos.cli.met import met_by_faults, met_by_jobs
from chaos.cli.playing import Played, play
from chaos.cli.program import guarded
from chaos.cli.reports import report_options
from chaos.cli.side_by_side import play_side_by_side, seeded
from chaos.inference.known import hand_on
from chaos.known import Known
from chaos.report import (
    JudgedRun,
    Wanted,
    output,
    print_summary,
    print_verdict,
    report_on_run,
    report_on_runs,
    write,
    write_json,
)
from chaos.rig.options import Options
from chaos.rig.progress import Progress
from chaos.rig.scenario import Scenario

#: Scenarios with a command of their own: a module each, which has a `command_of` too.
_OWN = {"failover": "chaos.cli.failover"}


def command_of(scenario: Scenario) -> click.Command:
    """The command that plays one scenario."""
    if scenario.name in _OWN:
        own: click.Command = import_module(_OWN[scenario.name]).command_of(scenario)
        return own

    @click.command(name=scenario.name, help=scenario.story)
    @options.run
    @report_options
    @click.option(
        "--runs",
        type=click.IntRange(1, 100_000),
        default=1,
        show_default=True,
        help="Number of runs, each with the next seed. With more than one, there is one table at"
        " the end, and the directories of runs that passed are removed.",
    )
    @options.at_once
    @known_option
    def command(
        reports: tuple[Wanted, ...], runs: int, at_once: int, known: Known | None, **chosen: Any
    ) -> None:
        own = {parameter.name: chosen.pop(parameter.name) for parameter in scenario.parameters}

        def work() -> int:
            console = output.console()
            wanted = Options(**chosen, parameters=own)
            if runs == 1:
                return play_one(scenario, wanted, console, reports, known)
            began, progress = time.monotonic(), Progress(console)
            hand_on(wanted, progress)
            played = play_side_by_side(
                seeded(scenario, wanted, runs),
                scenario.name,
                wanted,
                at_once,
                progress,
                keep_passed=False,
            )
            seconds = time.monotonic() - began
            code = report_all(scenario.name, played, seconds, console, reports, known)
            points = {point for one in played.values() for point in one.points}
            verdicts = [one.verdict for one in played.values()]
            for met in filter(None, (met_by_jobs(points), met_by_faults(verdicts))):
                console.print(f"met by all runs together: {met}", soft_wrap=True)
            return code

        sys.exit(guarded(work))

    command.params.extend(map(options.of, scenario.parameters))
    return command


def play_one(
    scenario: Scenario,
    wanted: Options,
    console: Console,
    reports: tuple[Wanted, ...],
    known: Known | None,
) -> int:
    """Play a scenario once, print its verdict and write the reports; the exit code."""
    played = play(scenario, wanted, Progress(console))
    (run,) = judged({scenario.name: played}, known)
    print_verdict(played.verdict, console, played.story, run.held)
    console.print(f"run directory: {played.directory} ({played.seconds:.1f} s)", soft_wrap=True)
    write(report_on_run(run), reports)
    return run.outcome.exit_code


def report_all(
    title: str,
    played: Mapping[str, Played],
    seconds: float,
    console: Console,
    reports: tuple[Wanted, ...],
    known: Known | None,
) -> int:
    """Print one table of all runs and write the reports; the exit code that stands for all."""
    runs = judged(played, known)
    print_summary(runs, seconds, console)
    report = report_on_runs(title, runs, seconds)
    write(report, reports)
    return report.outcome.exit_code


def judged(played: Mapping[str, Played], known: Known | None) -> list[JudgedRun]:
    """Runs as reports show them. What is known is written beside each verdict."""
    runs = held([_judged(name, one) for name, one in played.items()], known)
    for run, one in zip(runs, played.values(), strict=True):
        path = one.directory / "verdict.json"
        if run.held is not None and path.exists():
            write_json(run.to_json(), path)
    return runs


def _judged(name: str, played: Played) -> JudgedRun:
    return JudgedRun(
        name=name,
        verdict=played.verdict,
        seconds=played.seconds,
        timeline=played.timeline if played.timeline.exists() else None,
    )
