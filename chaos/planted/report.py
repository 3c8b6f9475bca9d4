"""The report on trials: how often, how surely and how fast each bug was caught."""

from __future__ import annotations

from collections.abc import Sequence

from chaos.checks import Outcome
from chaos.guarantees import GUARANTEES, guarantee_of
from chaos.planted.runs import Result, wilson
from chaos.report import Case, Cell, Column, Finding, Report, Suite, Table, Tone
from chaos.report import Result as CaseResult

_COLUMNS = ("planted", "scenario", "must show", "in runs", "95 % interval", "after", "also")


def report_on(results: Sequence[Result], title: str, seed: int) -> Report:
    """The report in the form that every kind of file is written from."""
    bad = [result for result in results if not result.good]
    return Report(
        program="chaos.planted",
        title=title,
        outcome=Outcome.FAIL if bad else Outcome.PASS,
        summary=table(results),
        data=[result.to_json() for result in results],
        suites=(Suite(name="planted", cases=tuple(map(_case, results))),),
        findings=tuple(map(_finding, bad)),
        facts=(tally(results), f"seed {seed}"),
    )


def table(results: Sequence[Result]) -> Table:
    """A row for each trial."""
    return Table(columns=tuple(map(Column, _COLUMNS)), rows=tuple(map(_row, results)))


def grid(results: Sequence[Result]) -> Table:
    """Scenarios by the guarantees that they are about: was each caught when it was broken?"""
    cells = {(one.trial.scenario, _broken(one)): one for one in results}
    columns = [id_ for id_ in GUARANTEES if any(id_ == column for _, column in cells)]
    rows = [
        (Cell(scenario), *(_told(cells.get((scenario, column))) for column in columns))
        for scenario in dict.fromkeys(scenario for scenario, _ in cells)
    ]
    return Table(columns=tuple(map(Column, ("scenario", *columns))), rows=tuple(rows))


def _broken(result: Result) -> str:
    return guarantee_of(result.trial.anomaly).id if result.trial.anomaly else "none"


def _told(result: Result | None) -> Cell:
    if result is None:
        return Cell("")
    return Cell("caught", Tone.GOOD) if result.good else Cell("MISSED", Tone.BAD)


def tally(results: Sequence[Result]) -> str:
    """The number of trials that showed what they should."""
    return f"{sum(result.good for result in results)} of {len(results)} as they should be"


def _row(result: Result) -> tuple[Cell, ...]:
    low, high = wilson(len(result.hits), len(result.runs))
    texts = (
        result.trial.name,
        result.trial.scenario.removeprefix("planted.scenarios."),
        result.trial.anomaly or "pass",
        f"{len(result.hits)} of {len(result.runs)}",
        f"{low:.0%} to {high:.0%}",
        "-" if result.median_s is None else f"{result.median_s:.1f} s",
        ", ".join(result.others),
    )
    return tuple(Cell(text, Tone.PLAIN if result.good else Tone.BAD) for text in texts)


def _finding(result: Result) -> Finding:
    command = next(iter(result.commands), None)
    return Finding(f"{result.trial.name} was not shown", command=command)


def _case(result: Result) -> Case:
    name, group = result.trial.name, result.trial.scenario
    if result.good:
        return Case(name=name, group=group, seconds=result.median_s)
    shown = result.trial.anomaly or "pass"
    return Case(
        name=name,
        group=group,
        result=CaseResult.FAILURE,
        message=f"{shown} in {len(result.hits)} of {len(result.runs)} runs",
        type=shown,
        text="\n".join([*result.trouble, *result.commands]),
    )
