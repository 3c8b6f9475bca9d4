"""`python -m chaos.sweep`: every crash point of a job's lives, one after the other."""

from __future__ import annotations

import sys
from collections.abc import Collection, Sequence
from typing import Any, NoReturn

import click

from chaos.cli import options
from chaos.cli.known import known_option
from chaos.cli.program import enter, guarded
from chaos.cli.reports import report_options
from chaos.report import KINDS, Wanted, output, write
from chaos.rig.options import BadOption
from chaos.rig.progress import Progress
from chaos.sweep.cells import SWEPT, Cell
from chaos.sweep.lives import BY_NAME
from chaos.sweep.report import print_results, report_on
from chaos.sweep.session import SweepOptions, run
from chaos.sweep.story import print_story


def _faults() -> str:
    """A line for each fault of the sweep."""
    width = max(map(len, SWEPT))
    return "\n".join(f"  {name:<{width}}  {kind.meaning}" for name, kind in SWEPT.items())


_HELP = f"""Run a job's life once for every command boundary in it and every fault, on both sides of
the command, let another worker pick up, and judge all these runs.

A cell is LIFE/FAULT/BOUNDARY/SIDE, for example succeeds/kill/claim.1/before-reply: SIGKILL when
the worker's first claim has run on the server and its reply has not been delivered. A number alone
(succeeds/kill/7/before-reply) is the 7th command, whatever it is.

\b
Lives: {", ".join(list(BY_NAME)[:6])},
       {", ".join(list(BY_NAME)[6:])}
\b
Faults:
{_faults()}
"""
#: Of a budget.
_UNITS_S = {"s": 1.0, "m": 60.0}
#: Of the grids, where there is no terminal.
_WIDTH = 160


@click.command(name="sweep", help=_HELP)
@options.target
@click.option("--life", "lives", default=",".join(BY_NAME), help="Comma-separated (default: all).")
@click.option("--fault", "faults", default=",".join(SWEPT), help="Comma-separated (default: all).")
@click.option("--cell", help="Repeat this cell, and tell its story.")
@click.option("--pairs", help="Add a second fault during recovery: all pairs, or a sample of N.")
@click.option("--seed", type=int, help="Draw the same sample again.")
@click.option(
    "--slots",
    type=click.IntRange(1, 500),
    help="Number of cells at a time (default: by their waits).",
)
@click.option(
    "--budget",
    help="Begin no other cell after this time (60s, 5m), and say what was left out. The riskiest"
    " come first. Runs without a fault, by which cells are found, are always played.",
)
@click.option(
    "--before",
    type=options.PATH,
    help="Directory (or sweep.json) of an earlier sweep: the cells that were broken come first.",
)
@options.redis
@options.out
@known_option
@report_options
def command(
    lives: str,
    faults: str,
    cell: str | None,
    pairs: str | None,
    budget: str | None,
    reports: tuple[Wanted, ...],
    **chosen: Any,
) -> None:
    """See `_HELP`."""

    def work() -> int:
        if budget is not None and (cell is not None or pairs is not None):
            raise BadOption("--budget goes with a sweep, and with neither --cell nor --pairs")
        wanted = SweepOptions(
            lives=_names("life", lives, BY_NAME),
            faults=_names("fault", faults, SWEPT),
            cell=None if cell is None else Cell.parse(cell),
            pairs=None if pairs is None else _size(pairs),
            budget_s=None if budget is None else _seconds(budget),
            **chosen,
        )
        console = output.console()
        if not console.is_terminal:  # nobody can widen a log
            console.width = _WIDTH
        done = run(wanted, Progress(console))
        if wanted.cell is not None:
            print_story(done.results, console)
        print_results(done.results, console)
        console.print(f"run directory: {done.directory}", soft_wrap=True)
        always = (
            Wanted(KINDS["json"], done.directory / "sweep.json"),
            Wanted(KINDS["html"], done.directory / "grid.html"),
        )
        write(report_on(done.results), (*always, *reports))
        return done.results.outcome.exit_code

    sys.exit(guarded(work))


def _names(what: str, given: str, known: Collection[str]) -> tuple[str, ...]:
    names = tuple(name.strip() for name in given.split(",") if name.strip())
    strange = [name for name in names if name not in known]
    if strange or not names:
        wrong = repr(strange[0]) if strange else "nothing"
        raise BadOption(f"no {what} is named {wrong}; give some of {', '.join(known)}")
    return tuple(dict.fromkeys(names))


def _size(given: str) -> int:
    if given == "all":
        return 0
    if not given.isdecimal() or int(given) < 1:
        raise BadOption(f"--pairs {given}: give all, or a number")
    return int(given)


def _seconds(given: str) -> float:
    number, unit = given[:-1], given[-1:]
    if unit not in _UNITS_S or not number.isdecimal() or int(number) < 1:
        raise BadOption(f"--budget {given}: give seconds or minutes, such as 60s or 5m")
    return int(number) * _UNITS_S[unit]


def main(words: Sequence[str] | None = None) -> NoReturn:
    enter(command, "python -m chaos.sweep", words)
