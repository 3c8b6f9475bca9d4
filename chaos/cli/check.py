"""`rrq-chaos check`: saved runs are judged again."""

from __future__ import annotations

import os
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from chaos.checks import Verdict, judged
from chaos.cli import options
from chaos.cli.known import held, known_option
from chaos.cli.program import guarded
from chaos.cli.reports import report_options
from chaos.history.parquet import write_parquet
from chaos.history.reader import History, read_history
from chaos.history.runs import named_runs
from chaos.known import Known
from chaos.report import (
    JudgedRun,
    Wanted,
    output,
    print_summary,
    print_verdict,
    report_on_run,
    report_on_runs,
    story_of_wronged,
    timeline,
    write,
)


@click.command(name="check")
@click.argument("directories", metavar="DIRECTORY...", nargs=-1, required=True, type=options.PATH)
@click.option(
    "--parquet",
    type=options.PATH,
    help="Also write the history of each run to a Parquet file in this directory.",
)
@known_option
@report_options
def command(
    directories: tuple[Path, ...],
    parquet: Path | None,
    known: Known | None,
    reports: tuple[Wanted, ...],
) -> None:
    """Judge a saved run again, or all runs that lie in these directories."""

    def work() -> int:
        runs = _named(directories)
        files = _files(runs, parquet)
        if len(runs) > 1:
            return _check_all(runs, files, known, reports)
        ((name, run_dir),) = runs.items()
        return _check_one(name, run_dir, files.get(name), known, reports)

    sys.exit(guarded(work))


def _named(directories: tuple[Path, ...]) -> dict[str, Path]:
    """The runs in all directories. Where there are several, each goes by its path below what the
    directories have in common."""
    if len(directories) == 1:
        return named_runs(directories[0])
    runs = [run.absolute() for each in directories for run in named_runs(each).values()]
    common = os.path.commonpath([run.parent for run in runs])
    return {str(run.relative_to(common)): run for run in runs}


def _files(runs: dict[str, Path], directory: Path | None) -> dict[str, Path]:
    """The Parquet file of each run: they lie side by side, so that a reader finds all at once."""
    if directory is None:
        return {}
    last = {name: Path(name).name for name in runs}
    twins = {name for name, n in Counter(last.values()).items() if n > 1}
    return {
        name: directory / f"{f'{number:04}-' if last[name] in twins else ''}{last[name]}.parquet"
        for number, name in enumerate(runs, 1)
    }


def _check_one(
    name: str, run_dir: Path, parquet: Path | None, known: Known | None, reports: tuple[Wanted, ...]
) -> int:
    began = time.monotonic()
    with _judging(name, run_dir, parquet) as (verdict, history):
        story = story_of_wronged(history.db, verdict)
        one = JudgedRun(name=name, verdict=verdict, seconds=time.monotonic() - began)
        (run,) = held([one], known)
        print_verdict(verdict, output.console(), story, run.held)
        write(report_on_run(run, lambda: timeline(history, verdict)), reports)
    return run.outcome.exit_code


def _check_all(
    named: dict[str, Path], files: dict[str, Path], known: Known | None, reports: tuple[Wanted, ...]
) -> int:
    began, found = time.monotonic(), []
    for name, run_dir in named.items():
        since = time.monotonic()
        with _judging(name, run_dir, files.get(name)) as (verdict, _):
            seconds = time.monotonic() - since
        page = run_dir / "timeline.html"
        timeline = page if page.exists() else None
        found.append(JudgedRun(name=name, verdict=verdict, seconds=seconds, timeline=timeline))
    runs, seconds = held(found, known), time.monotonic() - began
    print_summary(runs, seconds, output.console())
    report = report_on_runs("saved runs", runs, seconds)
    write(report, reports)
    return report.outcome.exit_code


@contextmanager
def _judging(name: str, run_dir: Path, parquet: Path | None) -> Iterator[tuple[Verdict, History]]:
    """A run's verdict and its history, which was written as it was read if that is wanted."""
    with read_history(run_dir) as history:
        if parquet is not None:
            write_parquet(history, name, parquet)
        yield judged(history), history
