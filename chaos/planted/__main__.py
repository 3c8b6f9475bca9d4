"""Plant bugs in the reference, one at a time, and see whether the rig catches each by its name.

A bug counts as caught only by the anomaly that the catalogue names for it. With `--ablations`:
safeguards that may be missing as long as another one stands behind them. With `--control`: the
sound reference, which must pass in every scenario of this package. Exit code 0: all went as it
should; 1: a bug was not caught in any of its runs, or something broke that should not.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

import click
from rich.table import Table
from rich.text import Text

from chaos.cli import output
from chaos.cli.main import enter, guarded
from chaos.planted.bugs import ABLATIONS, BUGS, edits_of
from chaos.planted.edit import Misfit, edited
from chaos.planted.runs import Result, Run, Trial, play, wilson
from chaos.report.files import replace_file
from chaos.rig.options import new_seed


def bugs(names: tuple[str, ...]) -> list[Trial]:
    """The trials of these bugs; of all, where none is named."""
    return [
        Trial(
            name=bug.name,
            scenario=bug.scenario,
            bugs=bug.name,
            anomaly=bug.anomaly,
            options=bug.options,
        )
        for bug in (BUGS[name] for name in names or BUGS)
    ]


def ablations() -> list[Trial]:
    """Of two safeguards each missing alone, which must pass; then both, which must be caught."""
    return [
        Trial(name=bugs, scenario=one.scenario, bugs=bugs, anomaly=anomaly)
        for one in ABLATIONS
        for bugs, anomaly in [
            *((name, None) for name in one.removed),
            ("+".join(one.removed), one.anomaly),
        ]
    ]


def control() -> list[Trial]:
    """The sound reference in every scenario that only planted bugs are played in."""
    used = {bug.scenario for bug in BUGS.values()} | {one.scenario for one in ABLATIONS}
    return [Trial(name=s, scenario=s) for s in sorted(used) if s.startswith("planted.")]


def check(trials: list[Trial]) -> None:
    """Look, before anything is played, whether all that is to be planted fits the reference."""
    for trial in trials:
        try:
            edited(edits_of(trial.bugs) if trial.bugs else ())
        except Misfit as error:
            raise click.ClickException(f"{trial.bugs} does not fit any more: {error}") from error


HEADINGS = ("planted", "scenario", "must show", "in runs", "95 % interval", "after", "also")


def cells(result: Result) -> list[str]:
    """One line of the table."""
    low, high = wilson(len(result.hits), len(result.runs))
    return [
        result.trial.name,
        result.trial.scenario.removeprefix("planted.scenarios."),
        result.trial.anomaly or "pass",
        f"{len(result.hits)} of {len(result.runs)}",
        f"{low:.0%} to {high:.0%}",
        "-" if result.median_s is None else f"{result.median_s:.1f} s",
        ", ".join(result.others),
    ]


def table(results: list[Result]) -> Table:
    """What became of each trial."""
    found = Table(*HEADINGS, pad_edge=False)
    for result in results:
        found.add_row(*cells(result), style=None if result.good else "bold red")
    return found


def markdown(results: list[Result]) -> str:
    """The same for a README."""
    lines = [HEADINGS, ["---"] * len(HEADINGS), *map(cells, results)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


@click.command(name="python -m chaos.planted", help=__doc__)
@click.option(
    "--bug",
    "names",
    multiple=True,
    type=click.Choice(list(BUGS)),
    help="Only this one; repeatable.",
)
@click.option("--runs", type=click.IntRange(1, 10_000), default=1, show_default=True)
@click.option(
    "--at-once",
    type=click.IntRange(1, 64),
    default=2,
    show_default=True,
    help="Runs that are played at the same time; they wait more than they work.",
)
@click.option("--seed", type=int, help="Of the first run; each later one has the next.")
@click.option("--ablations", "kind", flag_value="ablations", help="Safeguards that may be missing.")
@click.option("--control", "kind", flag_value="control", help="The sound reference.")
@click.option("--list", "kind", flag_value="list", help="Say what is planted, and play nothing.")
@click.option("--out", type=click.Path(path_type=Path), help="Keep all run directories here.")
@click.option(
    "--json", "json_path", type=click.Path(path_type=Path), help="Also write the results here."
)
@click.option(
    "--markdown", "table_path", type=click.Path(path_type=Path), help="And the table here."
)
def command(
    names: tuple[str, ...],
    runs: int,
    at_once: int,
    seed: int | None,
    kind: str | None,
    out: Path | None,
    json_path: Path | None,
    table_path: Path | None,
) -> None:
    console = output.console()
    if not console.is_terminal:  # nobody can widen a log
        console.width = 160
    if kind and names:
        raise click.UsageError(f"--bug and --{kind} do not go together")
    if kind == "list":
        for bug in BUGS.values():
            about = f" ({bug.anomaly} in {bug.scenario}): {bug.sentence}"
            console.print(Text.assemble((bug.name, "bold"), about))
        return
    trials = {"ablations": ablations, "control": control}.get(kind or "", lambda: bugs(names))()
    check(trials)
    first = new_seed() if seed is None else seed

    def told(result: Result, run: Run) -> None:
        words = ", ".join(run.found) or run.outcome
        console.print(f"{run.seconds:6.1f} s  {result.trial.name} (seed {run.seed}): {words}")
        if run.trouble:
            console.print(f"          not as it should be: {run.trouble}")

    def work() -> int:
        with tempfile.TemporaryDirectory(prefix="planted-") as scratch:
            into = out or Path(scratch)
            into.mkdir(parents=True, exist_ok=True)
            results = play(trials, range(first, first + runs), at_once, into, told)
        if json_path is not None:
            told_all = json.dumps([result.to_json() for result in results], indent=2)
            replace_file(json_path, told_all.encode() + b"\n")
        if table_path is not None:
            replace_file(table_path, markdown(results).encode())
        console.print(table(results))
        bad = [result for result in results if not result.good]
        for result in bad:
            name = (result.trial.name, "bold red")
            console.print(Text.assemble(name, " was not shown; to repeat a run of it:"))
            console.print(f"  {result.to_json()['commands'][0]}", soft_wrap=True)
        good = len(results) - len(bad)
        console.print(f"{good} of {len(results)} as they should be; seed {first}")
        return 1 if bad else 0

    sys.exit(guarded(work))


if __name__ == "__main__":
    enter(command, "python -m chaos.planted")
