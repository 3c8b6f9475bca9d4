"""`rrq-chaos repro`: a finding as a script that needs no rig, and as the text of an issue."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

import click

from chaos.cli import options
from chaos.cli.program import enter, guarded
from chaos.compare.findings import finding_in
from chaos.report import output
from chaos.repro.writing import write


@click.command(name="repro")
@click.argument("run_directory", type=options.PATH)
@click.argument("cell", required=False)
@click.option(
    "--out",
    type=options.PATH,
    default=Path(),
    help="Write both files into this directory (default: the current one).",
)
def command(run_directory: Path, cell: str | None, out: Path) -> None:
    """Write a script that shows a finding again without this rig, and the text of an issue.

    RUN_DIRECTORY is that of a question or of a sweep; in the one of a comparison these are
    TARGET/killed, TARGET/crash_points and so on. CELL is the cell of a sweep, such as
    succeeds/kill/claim.1/before-reply; it may be left out where only one is broken.
    """

    def work() -> int:
        finding = finding_in(run_directory, cell)
        written = write(finding, out)
        console = output.console()
        console.print(finding.title, soft_wrap=True, markup=False)
        console.print(str(written.script), soft_wrap=True, markup=False)
        console.print(str(written.issue), soft_wrap=True, markup=False)
        return 0

    sys.exit(guarded(work))


def main(words: Sequence[str] | None = None) -> NoReturn:
    enter(command, "python -m chaos.repro", words)
