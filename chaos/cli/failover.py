"""`python -m chaos.failover`: the scenario once for each kind of acknowledgement, and one table."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import click

from chaos.checks import Outcome
from chaos.cli import options
from chaos.cli.program import guarded
from chaos.cli.reports import report_options
from chaos.cli.scenario import judged
from chaos.report import (
    Cell,
    Column,
    Table,
    Wanted,
    output,
    print_table,
    print_verdict,
    report_on_run,
    report_on_runs,
    write,
)
from chaos.rig.options import Options
from chaos.rig.playing import Played, play
from chaos.rig.progress import Progress
from chaos.rig.scenario import Scenario

#: Without waiting, jobs must get lost: it shows that this failover can lose some.
_CONTROL = "none"


def command_of(scenario: Scenario) -> click.Command:
    """The command, of the scenario that has one parameter: what an acknowledgement waits for."""
    (parameter,) = scenario.parameters
    modes = parameter.choices
    several = {"both": modes[:2], "all": modes}

    @click.command(name=scenario.name, help=scenario.story)
    @click.option(
        f"--{parameter.name}",
        type=click.Choice([*modes, *several]),
        default="both",
        show_default=True,
        help=parameter.help,
    )
    @options.run
    @report_options
    def command(reports: tuple[Wanted, ...], **chosen: Any) -> None:
        mode = chosen.pop(parameter.name)
        wanted = several.get(mode, (mode,))
        sys.exit(guarded(lambda: _work(scenario, wanted, chosen, reports)))

    return command


def _work(
    scenario: Scenario, modes: Sequence[str], chosen: Mapping[str, Any], reports: tuple[Wanted, ...]
) -> int:
    console, began = output.console(), time.monotonic()
    played = dict(_play(scenario, modes, chosen, Progress(console)))
    for mode in modes if len(modes) == 1 else _wrong(played):
        print_verdict(played[mode].verdict, console)
    print_table(_table(played), console)
    for mode, one in played.items():
        where = f"{mode}: run directory: {one.directory} ({one.seconds:.1f} s)"
        console.print(where, soft_wrap=True)
    # Beside others, the control is meant to fail: the report is on the others.
    reported = modes if len(modes) == 1 else [mode for mode in modes if mode != _CONTROL]
    runs = [judged(mode, played[mode]) for mode in reported]
    if len(runs) == 1:
        report = report_on_run(runs[0])
    else:
        report = report_on_runs(scenario.name, runs, time.monotonic() - began)
    write(report, reports)
    if len(modes) > 1 and not _found(played[_CONTROL], "lost"):
        console.print("UNKNOWN: nothing was lost without waiting, so this proves nothing")
        return report.outcome.exit_code or Outcome.UNKNOWN.exit_code
    return report.outcome.exit_code


def _play(
    scenario: Scenario, modes: Sequence[str], chosen: Mapping[str, Any], progress: Progress
) -> Iterator[tuple[str, Played]]:
    for mode in modes:
        out = chosen["out"] / mode if chosen["out"] and len(modes) > 1 else chosen["out"]
        own = {scenario.parameters[0].name: mode}
        wanted = Options(**{**chosen, "out": out}, parameters=own)
        progress.keep(f"acknowledging waits until: {mode}")
        yield mode, play(scenario, wanted, progress)


def _table(played: Mapping[str, Played]) -> Table:
    """How many jobs each mode acknowledged, and how many of these were lost."""
    numbers = ("acknowledged", "in doubt", "lost", "commits undone")
    return Table(
        title="a failover after the replica was cut off",
        columns=(
            Column("waits until"),
            *(Column(name, right=True) for name in numbers),
            Column("verdict"),
        ),
        rows=tuple(_row(mode, one) for mode, one in played.items()),
    )


def _row(mode: str, played: Played) -> tuple[Cell, ...]:
    counts = played.verdict.counts
    numbers = (
        counts["acknowledged"],
        counts["uncertain"],
        _found(played, "lost"),
        _found(played, "double-commit"),
    )
    verdict = Cell(played.verdict.outcome.upper())
    return Cell(mode), *(Cell(f"{number:,}") for number in numbers), verdict


def _found(played: Played, anomaly: str) -> int:
    """The number of cases of an anomaly."""
    return sum(check.broken for check in played.verdict.checks if check.anomaly == anomaly)


def _wrong(played: Mapping[str, Played]) -> list[str]:
    """The modes whose verdict is not the right one."""
    return [
        mode
        for mode, one in played.items()
        if one.verdict.outcome is not (Outcome.FAIL if mode == _CONTROL else Outcome.PASS)
    ]
