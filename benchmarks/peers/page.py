"""The figures of a comparison as a table in a terminal, and as a page."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path

from rich.table import Table

from benchmarks.parts import layout
from benchmarks.peers.results import COLUMNS, Column, Measured

HEADING = "Beside other queues"
_RESULTS = Path(__file__).parents[2] / "docs" / "results.md"
_NONE = "-"


def tables(measured: list[Measured]) -> Iterator[Table]:
    """Each contender is a row."""
    for columns in (COLUMNS[:6], COLUMNS[6:]):
        titles = ["\n".join(textwrap.wrap(column.title, 11)) for column in columns]
        found = layout.table("medians; * the best of each column", "", *titles)
        for one in measured:
            cells = [_cell(column, one, column.best(measured), "*{}") for column in columns]
            found.add_row(_name(one), *cells)
        yield found


def _name(one: Measured) -> str:
    return one.contender.name


def _cell(column: Column, one: Measured, best: float | None, form: str) -> str:
    """The median, in the form of the best one if it is that."""
    figure = column.of(one)
    if figure is None:
        return _NONE
    text = format(figure.median, column.spec)
    return form.format(text) if figure.median == best else text


def section(measured: list[Measured], about: Mapping[str, object]) -> Iterator[str]:
    """The lines of the section in `docs/speed.md`."""
    yield (
        "Written by `python -m benchmarks.compare --page docs/speed.md`. All contenders took turns"
        " in one run, each in an environment of its own, with the settings that make it fastest."
        " Figures are medians of the rounds, with their range; the best of each column is bold."
        " A job that is done leaves a result only where the queue keeps results by itself."
        " What a queue keeps when its workers are killed is from [results.md](results.md)."
    )
    yield ""
    yield ", ".join(f"{name} {value}" for name, value in about.items()) + "."
    for columns in (COLUMNS[:4], COLUMNS[4:7], COLUMNS[7:10], COLUMNS[10:]):
        yield ""
        yield f"| queue | {' | '.join(column.title for column in columns)} |"
        yield "| --- |" + " ---: |" * len(columns)
        for one in measured:
            cells = [_with_range(column, one, column.best(measured)) for column in columns]
            yield f"| {_name(one)} | {' | '.join(cells)} |"
    yield ""
    yield "| queue | release | jobs at a time | as fast as it goes with | killed at a crash point |"
    yield "| --- | --- | ---: | --- | --- |"
    kept = _kept()
    for one in measured:
        who = one.contender
        words = (who.name, who.version, str(who.concurrency), who.settings)
        yield f"| {' | '.join(words)} | {kept.get(who.target, 'not asked')} |"
    for one in measured:
        if one.problem:
            yield ""
            yield f"{_name(one)} was not measured to its end: {one.problem}"


def _with_range(column: Column, one: Measured, best: float | None) -> str:
    figure = column.of(one)
    if figure is None:
        return _NONE
    return _cell(column, one, best, "**{}**") + figure.range(column.spec)


def _kept() -> Mapping[str, str]:
    """What a worker that was killed at each crash point has cost, by target."""
    rows = [
        [cell.strip() for cell in line.strip("|\n ").split("|")]
        for line in (_RESULTS.read_text("utf-8").splitlines() if _RESULTS.exists() else ())
        if line.startswith("|")
    ]
    for n, row in enumerate(rows):
        if row[0] == "queue" and "killed at a crash point" in row:
            at = row.index("killed at a crash point")
            return {each[0]: each[at] for each in rows[n + 2 :] if len(each) == len(row)}
    return {}
