"""`python -m chaos` plays all scenarios; `list` explains them; `check` judges a saved run again."""

from __future__ import annotations

import dataclasses
import sys
import time
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.text import Text

from chaos.checks import judge
from chaos.cli import output
from chaos.cli.catalogue import scenarios
from chaos.cli.main import (
    at_once_option,
    command_of,
    common_options,
    enter,
    guarded,
    report,
    report_all,
)
from chaos.guarantees import GUARANTEES
from chaos.report import print_verdict
from chaos.rig.options import Options
from chaos.rig.playing import Take, play, play_side_by_side
from chaos.rig.progress import Progress
from chaos.rig.scenario import Scenario
from chaos.servers import is_url


@click.group(name="python -m chaos", invoke_without_command=True)
@common_options
@at_once_option
@click.pass_context
def command(
    context: click.Context,
    /,
    json_path: Path | None,
    junit_path: Path | None,
    at_once: int,
    **chosen: Any,
) -> None:
    """Play all scenarios and print one table; or one of them, by its name."""
    if context.invoked_subcommand is not None:
        return

    def work() -> int:
        console, began = output.console(), time.monotonic()
        options, progress = Options(**chosen), Progress(console)
        wanted = _playable(options, console)
        if at_once == 1:
            played = {one.name: play(one, _below(options, one), progress) for one in wanted}
        else:
            takes = [Take(name=one.name, scenario=one, options=options) for one in wanted]
            played = play_side_by_side(takes, "all", options, at_once, progress)
        return report_all(played, began, console, json_path, junit_path)

    sys.exit(guarded(work))


def _playable(options: Options, console: Console) -> list[Scenario]:
    """The scenarios that can be played here; says which cannot, and why."""
    found = []
    for scenario in scenarios():
        reason = scenario.lacking()
        if scenario.owns_server and is_url(options.redis):
            reason = "it needs a server that the rig starts"
        if reason:
            console.print(f"{scenario.name}: skipped, {reason}")
        else:
            found.append(scenario)
    return found


def _below(options: Options, scenario: Scenario) -> Options:
    """The same options with the scenario's own directory below the one that was asked for."""
    if options.out is None:
        return options
    return dataclasses.replace(options, out=options.out / scenario.name)


@command.command(name="list")
def list_() -> None:
    """Explain each scenario and what it puts to the test."""
    console = output.console()
    for scenario in scenarios():
        console.print(Text(f"python -m chaos.{scenario.name}", style="bold"))
        console.print(scenario.story.strip())
        for name in scenario.guarantees:
            console.print(Text.assemble("  ", (name, "cyan"), f": {GUARANTEES[name].sentence}"))
        console.print()


@command.command()
@click.argument("run_dir", type=click.Path(path_type=Path))
@click.option("--json", "json_path", type=click.Path(path_type=Path), help="Also write it here.")
@click.option("--junit", "junit_path", type=click.Path(path_type=Path), help="JUnit report.")
def check(run_dir: Path, json_path: Path | None, junit_path: Path | None) -> None:
    """Judge a saved run again."""

    def work() -> int:
        verdict = judge(run_dir)
        print_verdict(verdict, output.console())
        return report([verdict], json_path, junit_path)

    sys.exit(guarded(work))


for _scenario in scenarios():
    command.add_command(command_of(_scenario))

if __name__ == "__main__":
    enter(command, "python -m chaos")
