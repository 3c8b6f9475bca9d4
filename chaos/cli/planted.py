"""`python -m chaos.planted`: bugs in the reference, each of which the rig must catch."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import NoReturn

import click
from rich.console import Console
from rich.text import Text

from chaos.cli import options
from chaos.cli.blind import Blind, blind_options
from chaos.cli.program import enter, guarded
from chaos.cli.reports import report_options
from chaos.planted import matrix, trials
from chaos.planted.bugs import BUGS
from chaos.planted.edit import Misfit
from chaos.planted.report import grid, report_on, table, tally
from chaos.planted.runs import Result, Run, play
from chaos.planted.trials import Trial
from chaos.report import Wanted, output, print_table, write
from chaos.rig.options import new_seed

_HELP = """Plant bugs in the reference, one at a time, and see whether the rig catches each by its
name.

A bug counts as caught only by the anomaly that the catalogue names for it. With --ablations:
safeguards that may be missing as long as another one stands behind them. With --control: the
sound reference, which must pass in every scenario of this package. With --matrix: each scenario
with a bug for each guarantee that it is about, which it must catch. Exit code 0: everything went as
it should; 1: a bug was not caught in any of its runs, or something broke that should not.

With --blind each bug meets the default programme only: all scenarios of the rig, storms, a load,
and the sweep with kills. A bug is left as soon as it is caught. Exit code 1: less than 90 % of the
bugs were caught by name; with --control, a part of the programme did not pass on the sound
reference.
"""
#: Of the table, where there is no terminal.
_WIDTH = 160


@click.command(name="planted", help=_HELP)
@click.argument("these", metavar="[BUG]...", nargs=-1, type=click.Choice(list(BUGS)))
@click.option(
    "--bug",
    "names",
    multiple=True,
    type=click.Choice(list(BUGS)),
    help="Only this bug; repeatable.",
)
@click.option(
    "--runs",
    type=click.IntRange(1, 10_000),
    default=1,
    show_default=True,
    help="Number of runs of each bug.",
)
@click.option(
    "--at-once",
    type=click.IntRange(1, 64),
    default=2,
    show_default=True,
    help="Number of runs to play at the same time; they wait more than they work.",
)
@click.option("--seed", type=int, help="Seed of the first run; each later run has the next.")
@click.option(
    "--ablations", "kind", flag_value="ablations", help="Remove safeguards, alone and in pairs."
)
@click.option("--control", "kind", flag_value="control", help="Play the sound reference.")
@click.option(
    "--matrix",
    "kind",
    flag_value="matrix",
    help="Play each scenario with a bug for each guarantee that it is about.",
)
@click.option(
    "--cells",
    type=click.IntRange(1),
    help="With --matrix: so many of its cells, drawn by the seed.",
)
@click.option("--list", "kind", flag_value="list", help="List the bugs, and play nothing.")
@click.option(
    "--out",
    type=options.PATH,
    help="Keep all run directories here; with --blind, also go on where it was stopped.",
)
@blind_options
@report_options
def command(
    these: tuple[str, ...],
    names: tuple[str, ...],
    runs: int,
    at_once: int,
    seed: int | None,
    kind: str | None,
    cells: int | None,
    out: Path | None,
    blind: Blind | None,
    reports: tuple[Wanted, ...],
) -> None:
    """See `_HELP`."""
    console = output.console()
    if not console.is_terminal:  # nobody can widen a log
        console.width = _WIDTH
    names += these
    if kind and names:
        raise click.UsageError(f"names of bugs and --{kind} do not go together")
    if kind == "list":
        return _list(console)
    if blind is not None:
        if runs > 1 or kind == "ablations":
            raise click.UsageError("--blind goes with neither --runs nor --ablations")
        subjects = blind.subjects(names, control=kind == "control")
        sys.exit(guarded(lambda: blind.play(subjects, seed, at_once, out, console, reports)))
    if nowhere := [name for name in names if BUGS[name].scenario is None]:
        raise click.UsageError(f"{nowhere[0]} has no scenario of its own: give --blind")
    if cells is not None and kind != "matrix":
        raise click.UsageError("--cells goes with --matrix")
    first = new_seed() if seed is None else seed
    wanted = _trials(kind, names, matrix.drawn(cells, first) if cells else matrix.cells())

    def work() -> int:
        with tempfile.TemporaryDirectory(prefix="planted-") as scratch:
            into = out or Path(scratch)
            into.mkdir(parents=True, exist_ok=True)
            seeds = range(first, first + runs)
            results = play(wanted, seeds, at_once, into, _Said(console))
        title = {
            "ablations": "Safeguards taken away",
            "control": "The sound reference",
            "matrix": "Each guarantee of each scenario",
        }
        report = report_on(results, title.get(kind or "", "Planted bugs"), first)
        write(report, reports)
        print_table(table(results), console)
        if kind == "matrix":
            print_table(grid(results), console)
        for finding in report.findings:
            console.print(Text.assemble((finding.text, "bold red"), "; to repeat a run of it:"))
            console.print(f"  {finding.command}", soft_wrap=True)
        console.print(f"{tally(results)}; seed {first}")
        return report.outcome.exit_code

    sys.exit(guarded(work))


class _Said:
    """Prints a line for each run that has ended."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def __call__(self, result: Result, run: Run) -> None:
        words = ", ".join(run.found) or run.outcome
        self._console.print(f"{run.seconds:6.1f} s  {result.trial.name} (seed {run.seed}): {words}")
        if run.trouble:
            self._console.print(f"          not as it should be: {run.trouble}")


def _list(console: Console) -> None:
    for bug in BUGS.values():
        where = bug.scenario or "the default programme"
        about = f" ({bug.anomaly} in {where}): {bug.sentence}"
        console.print(Text.assemble((bug.name, "bold"), about))


def _trials(kind: str | None, names: tuple[str, ...], cells: list[Trial]) -> list[Trial]:
    if kind == "matrix":
        wanted = cells
    elif kind == "ablations":
        wanted = trials.ablations()
    elif kind == "control":
        wanted = trials.control()
    else:
        wanted = trials.bugs(names)
    try:
        trials.check(wanted)
    except Misfit as error:
        raise click.ClickException(str(error)) from error
    return wanted


def main() -> NoReturn:
    enter(command, "python -m chaos.planted")
