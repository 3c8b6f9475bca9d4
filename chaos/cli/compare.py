"""`rrq-chaos compare`: the same questions to several queues, in one table."""

from __future__ import annotations

import shlex
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

import click

from chaos.cli import options
from chaos.cli.program import enter, guarded
from chaos.cli.reports import report_options
from chaos.compare import findings
from chaos.compare.playing import Subject, ask
from chaos.compare.programme import programme
from chaos.compare.report import report_on
from chaos.compare.results import page
from chaos.processes.modules import shown
from chaos.report import Wanted, output, print_table, write
from chaos.rig.options import BadOption, seed_of
from chaos.rig.progress import Progress
from chaos.targets import BUILT_IN, find_target


@click.command(name="compare")
@click.option(
    "--targets",
    default=",".join(BUILT_IN),
    show_default="all that are built in",
    help="Comma-separated: names, or module:ATTRIBUTE.",
)
@click.option("--quick", is_flag=True, help="Few questions, and crash points of a kill alone.")
@click.option(
    "--out",
    type=options.PATH,
    help="Keep all run directories here; also go on where it was stopped.",
)
@click.option(
    "--at-once",
    type=click.IntRange(1, 64),
    default=4,
    show_default=True,
    help="Number of runs to play at the same time; they wait more than they work.",
)
@options.seed
@click.option("--page", "page_at", type=options.PATH, help="Write docs/results.md here.")
@click.option("--findings", "findings_at", type=options.PATH, help="Write docs/findings.md here.")
@report_options
def command(
    targets: str,
    quick: bool,
    out: Path | None,
    at_once: int,
    seed: int | None,
    page_at: Path | None,
    findings_at: Path | None,
    reports: tuple[Wanted, ...],
) -> None:
    """Ask several queues the same questions, and put their answers side by side.

    What becomes of a job at every crash point of its worker, when its worker is killed, stopped or
    told to leave, when it takes long, fails or kills, and when the server has trouble: every answer
    comes from a run. A question alone is `python -m chaos.questions.<name>`. Exit code 0: all are
    answered, whatever the answers say.
    """
    names = list(dict.fromkeys(filter(None, (name.strip() for name in targets.split(",")))))

    def work() -> int:
        if not names:
            raise BadOption("--targets names none; give some, with commas between them")
        if findings_at is not None and out is None:
            raise BadOption(
                "--findings names the directories of runs; give --out, which keeps them"
            )
        for name in names:
            find_target(name)
        console = output.console()
        with tempfile.TemporaryDirectory(prefix="compare-") as scratch:
            into = out or Path(scratch)
            into.mkdir(parents=True, exist_ok=True)
            chosen = seed_of(into, seed)
            subjects, parts = [Subject(target=name) for name in names], programme(quick=quick)
            ask(subjects, parts, chosen, at_once, into, Progress(console))
            repeat = shlex.join([*shown("compare"), *_words(names, chosen, quick=quick)])
            made = report_on(subjects, parts, repeat, chosen, into)
            write(made, reports)
            if page_at is not None:
                page_at.write_text(page(subjects, parts, repeat, chosen, into))
            if findings_at is not None:
                findings_at.write_text(findings.page(subjects, repeat, into))
        for table in (*made.details, made.summary):
            print_table(table, console)
            console.print()
        for finding in made.findings:
            console.print(finding.text, soft_wrap=True, markup=False)
        console.print(f"seed {chosen}")
        return made.outcome.exit_code

    sys.exit(guarded(work))


def _words(names: list[str], seed: int, *, quick: bool) -> list[str]:
    """The options that repeat this comparison."""
    words = [] if names == [*BUILT_IN] else ["--targets", ",".join(names)]
    return [*words, *(["--quick"] if quick else []), "--seed", str(seed)]


def main(words: Sequence[str] | None = None) -> NoReturn:
    enter(command, "python -m chaos.compare", words)
