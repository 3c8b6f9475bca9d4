"""`python -m chaos.failover`: the scenario once for each kind of acknowledgement, and one table."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import click

from chaos.checks import Outcome
from chaos.cli import options
from chaos.cli.known import known_option
from chaos.cli.playing import Played, play
from chaos.cli.program import guarded
from chaos.cli.reports import report_options
from chaos.cli.scenario import judged
from chaos.known import Known
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
from chaos.rig.progress import Progress
from chaos.rig.scenario import Scenario

#: Choices of `--acknowledge` beside the modes themselves, which play several.
_BOTH, _ALL = "both", "all"


def command_of(scenario: Scenario) -> click.Command:
    """The command that plays a failover in one mode or several."""
    (parameter,) = scenario.parameters
    modes = parameter.choices
    several = {_BOTH: modes[:2], _ALL: modes}

    @click.command(name=scenario.name, help=scenario.story)
    @click.option(
        f"--{parameter.name}",
        type=click.Choice([*modes, *several]),
        default=_BOTH,
        show_default=True,
        help=parameter.help,
    )
    @options.run
    @known_option
    @report_options
    def command(reports: tuple[Wanted, ...], known: Known | None, **chosen: Any) -> None:
        mode = chosen.pop(parameter.name)
        wanted = several.get(mode, (mode,))
        sys.exit(guarded(lambda: _compare(scenario, wanted, chosen, reports, known)))

    return command


def _compare(
    scenario: Scenario,
    modes: Sequence[str],
    chosen: Mapping[str, Any],
    reports: tuple[Wanted, ...],
    known: Known | None,
) -> int:
    """Play each mode, print what makes the difference, and report; the exit code."""
    console, began = output.console(), time.monotonic()
    played = dict(_play(scenario, modes, chosen, Progress(console)))
    # Without waiting, jobs must get lost: it shows that this failover can lose some.
    control = modes[0] if len(modes) > 1 else None
    # The control is meant to fail: the report is on the others.
    runs = judged({mode: played[mode] for mode in modes if mode != control}, known)
    held = {run.name: run.held for run in runs}
    for mode in _wrong(played, control) if control else modes:
        print_verdict(played[mode].verdict, console, played[mode].story, held.get(mode))
    print_table(_table(played), console)
    for mode, one in played.items():
        where = f"{mode}: run directory: {one.directory} ({one.seconds:.1f} s)"
        console.print(where, soft_wrap=True)
    if len(runs) == 1:
        report = report_on_run(runs[0])
    else:
        report = report_on_runs(scenario.name, runs, time.monotonic() - began)
    write(report, reports)
    if control and not _found(played[control], "lost"):
        console.print("UNKNOWN: nothing was lost without waiting, so this proves nothing")
        return report.outcome.exit_code or Outcome.UNKNOWN.exit_code
    return report.outcome.exit_code


def _play(
    scenario: Scenario, modes: Sequence[str], chosen: Mapping[str, Any], progress: Progress
) -> Iterator[tuple[str, Played]]:
    for mode in modes:
        out = chosen["out"] / mode if chosen["out"] and len(modes) > 1 else chosen["out"]
        wanted = Options(**{**chosen, "out": out}, parameters={"acknowledge": mode})
        progress.keep(f"an acknowledgement waits for: {mode}")
        yield mode, play(scenario, wanted, progress)


def _table(played: Mapping[str, Played]) -> Table:
    """The jobs that each mode acknowledged, and those of them that were lost."""
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


def _wrong(played: Mapping[str, Played], control: str) -> list[str]:
    """The modes whose verdict is not the right one: only the control may fail, and has to."""
    right = {mode: Outcome.FAIL if mode == control else Outcome.PASS for mode in played}
    return [mode for mode, one in played.items() if one.verdict.outcome is not right[mode]]
