"""`python -m chaos.sweep`: every crash point of a job's lives, one after the other."""

from __future__ import annotations

import sys
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import click

from chaos.cli import output
from chaos.cli.main import enter, guarded
from chaos.rig.options import BadOption
from chaos.rig.progress import Progress
from chaos.servers import DEFAULT_SPEC, SHOWN_SPEC
from chaos.sweep.cells import SWEPT, Cell
from chaos.sweep.lives import BY_NAME
from chaos.sweep.report import print_report, write_html, write_json, write_junit, write_markdown
from chaos.sweep.session import SweepOptions, run
from chaos.sweep.story import print_story


def _faults() -> str:
    """A line for each fault of the sweep."""
    width = max(map(len, SWEPT))
    return "\n".join(f"  {name:<{width}}  {kind.meaning}" for name, kind in SWEPT.items())


_HELP = f"""Run a job's life once for every command boundary in it and every fault, on both sides of
the command, let another worker pick up, and judge it all.

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
#: Of the grids, where there is no terminal.
_WIDTH = 160
_PATH = click.Path(path_type=Path)


@click.command(name="python -m chaos.sweep", help=_HELP)
@click.option("--target", default="rrq_ref", show_default=True, help="Name, or module:ATTRIBUTE.")
@click.option("--life", "lives", default=",".join(BY_NAME), help="Comma-separated; all.")
@click.option("--fault", "faults", default=",".join(SWEPT), help="Comma-separated; all.")
@click.option("--cell", help="Repeat this one, and tell its story.")
@click.option("--pairs", help="A second fault during recovery: all, or a sample of so many.")
@click.option("--seed", type=int, help="Draws the same sample again.")
@click.option("--slots", type=click.IntRange(1, 500), help="Cells at once; 4 per CPU.")
@click.option(
    "--redis", default=DEFAULT_SPEC, show_default=SHOWN_SPEC,
    help="embedded, local[:path], container[:image], or a URL. Environment: CHAOS_REDIS.",
)  # fmt: skip
@click.option("--out", type=_PATH, help="New directory for the run.")
@click.option("--json", "json_path", type=_PATH, help="Also write the result here.")
@click.option("--junit", "junit_path", type=_PATH, help="Also write a JUnit report here.")
@click.option("--html", "html_path", type=_PATH, help="Also write the grids here, as a page.")
@click.option("--markdown", "table_path", type=_PATH, help="And how many cells are right, by life.")
def command(
    lives: str, faults: str, cell: str | None, pairs: str | None,
    json_path: Path | None, junit_path: Path | None, html_path: Path | None,
    table_path: Path | None, **chosen: Any,
) -> None:  # fmt: skip
    """See `_HELP`."""

    def work() -> int:
        options = SweepOptions(
            lives=_names("life", lives, BY_NAME),
            faults=_names("fault", faults, SWEPT),
            cell=None if cell is None else Cell.parse(cell),
            pairs=None if pairs is None else _size(pairs),
            **chosen,
        )
        console = output.console()
        if not console.is_terminal:  # nobody can widen a log
            console.width = _WIDTH
        done = run(options, Progress(console))
        if options.cell is not None:
            print_story(done.report, console)
        print_report(done.report, console)
        console.print(f"run directory: {done.directory}", soft_wrap=True)
        write_json(done.report, done.directory / "sweep.json")
        write_html(done.report, done.directory / "grid.html")
        wanted = {
            write_json: json_path,
            write_junit: junit_path,
            write_html: html_path,
            write_markdown: table_path,
        }
        for write, path in wanted.items():
            if path is not None:
                write(done.report, path)
        return done.report.outcome.exit_code

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
        raise BadOption(f"--pairs {given}: give all, or how many")
    return int(given)


def main(words: Sequence[str] | None = None) -> None:
    enter(command, "python -m chaos.sweep", words)


if __name__ == "__main__":
    main()
