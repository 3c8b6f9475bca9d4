"""`python -m chaos` plays all scenarios; `list` explains them; `check` judges a saved run again."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.markup import escape

from chaos.checks import judge
from chaos.guarantees import GUARANTEES
from chaos.report import print_summary, print_verdict
from chaos.rig.catalogue import scenarios
from chaos.rig.main import command_of, common_options, guarded, play, report
from chaos.rig.options import Options
from chaos.rig.progress import Progress
from chaos.servers import is_url


@click.group(name="python -m chaos", invoke_without_command=True)
@common_options
@click.pass_context
def command(
    context: click.Context, /, json_path: Path | None, junit_path: Path | None, **chosen: Any
) -> None:
    """Play all scenarios, one after the other, and print one table; or one of them, by its name."""
    if context.invoked_subcommand is not None:
        return

    def work() -> int:
        console = Console()
        options = Options(**chosen)
        played = []
        for scenario in scenarios():
            if scenario.owns_server and is_url(options.redis):
                console.print(f"{scenario.name}: skipped, it needs a server that the rig starts")
                continue
            if reason := scenario.lacking():
                console.print(f"{scenario.name}: skipped, {reason}")
                continue
            own = options
            if options.out is not None:
                own = dataclasses.replace(options, out=options.out / scenario.name)
            played.append(play(scenario, own, Progress(console)))
        print_summary([(p.verdict.run["scenario"], p.verdict, p.seconds) for p in played], console)
        return report([p.verdict for p in played], json_path, junit_path)

    sys.exit(guarded(work))


@command.command(name="list")
def list_() -> None:
    """Explain each scenario and what it puts to the test."""
    console = Console(highlight=False)
    for scenario in scenarios():
        console.print(f"[bold]python -m chaos.{scenario.name}[/]")
        console.print(escape(scenario.story.strip()))
        for name in scenario.guarantees:
            console.print(f"  [cyan]{name}[/]: {GUARANTEES[name].sentence}")
        console.print()


@command.command()
@click.argument("run_dir", type=click.Path(path_type=Path))
@click.option("--json", "json_path", type=click.Path(path_type=Path), help="Also write it here.")
@click.option("--junit", "junit_path", type=click.Path(path_type=Path), help="JUnit report.")
def check(run_dir: Path, json_path: Path | None, junit_path: Path | None) -> None:
    """Judge a saved run again."""

    def work() -> int:
        verdict = judge(run_dir)
        print_verdict(verdict, Console())
        return report([verdict], json_path, junit_path)

    sys.exit(guarded(work))


for _scenario in scenarios():
    command.add_command(command_of(_scenario))

if __name__ == "__main__":
    command(prog_name="python -m chaos")
