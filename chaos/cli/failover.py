"""`python -m chaos.failover`: the scenario once for each kind of acknowledgement, and one table."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NoReturn

import click

from chaos.checks import Outcome
from chaos.cli import options
from chaos.cli.program import enter, guarded
from chaos.cli.reports import report_options
from chaos.cli.scenario import judged
from chaos.failover import MODES, SCENARIO
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

#: Without waiting, jobs must get lost: it shows that this failover can lose some.
_CONTROL = MODES[0]
_SEVERAL = {"both": MODES[:2], "all": MODES}


@click.command(name="failover", help=SCENARIO.story)
@click.option(
    "--acknowledge",
    type=click.Choice([*MODES, *_SEVERAL]),
    default="both",
    show_default=True,
    help="What an acknowledgement waits for.",
)
@options.run
@report_options
def command(acknowledge: str, reports: tuple[Wanted, ...], **chosen: Any) -> None:
    modes = _SEVERAL.get(acknowledge, (acknowledge,))

    def work() -> int:
        console, began = output.console(), time.monotonic()
        played = dict(_play(modes, chosen, Progress(console)))
        for mode in modes if len(modes) == 1 else _wrong(played):
            print_verdict(played[mode].verdict, console, played[mode].story)
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
            report = report_on_runs(SCENARIO.name, runs, time.monotonic() - began)
        write(report, reports)
        if len(modes) > 1 and not _found(played[_CONTROL], "lost"):
            console.print("UNKNOWN: nothing was lost without waiting, so this proves nothing")
            return report.outcome.exit_code or Outcome.UNKNOWN.exit_code
        return report.outcome.exit_code

    sys.exit(guarded(work))


def _play(
    modes: Sequence[str], chosen: Mapping[str, Any], progress: Progress
) -> Iterator[tuple[str, Played]]:
    for mode in modes:
        out = chosen["out"] / mode if chosen["out"] and len(modes) > 1 else chosen["out"]
        wanted = Options(**{**chosen, "out": out}, parameters={"acknowledge": mode})
        progress.keep(f"acknowledging waits until: {mode}")
        yield mode, play(SCENARIO, wanted, progress)


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
    right = {mode: Outcome.FAIL if mode == _CONTROL else Outcome.PASS for mode in MODES}
    return [mode for mode, one in played.items() if one.verdict.outcome is not right[mode]]


def main() -> NoReturn:
    enter(command, "python -m chaos.failover")
