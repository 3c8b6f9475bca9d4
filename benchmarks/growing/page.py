"""The figures as tables in a terminal, and as a section of a page."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence

from rich.table import Table

from benchmarks.growing.axes import AXES, Axis
from benchmarks.growing.results import FEW, MANY, Column, Results
from benchmarks.growing.rounds import CONCURRENCY
from benchmarks.parts import layout
from benchmarks.parts.figures import Figure

HEADING = "How cost grows"
#: Columns side by side: in 80 characters, and on a page, where each has its range.
_IN_TERMINAL, _ON_PAGE = 5, 5
_NONE = "-"


def tables(results: Results) -> Iterator[Table]:
    """The medians of each axis, each point a row."""
    for axis, columns in _parts(results, _IN_TERMINAL):
        titles = ["\n".join(textwrap.wrap(column.title, 11)) for column in columns]
        found = layout.table("medians", "\n".join(textwrap.wrap(axis.title, 11)), *titles)
        for point, cells in _rows(results, axis, columns, _median):
            found.add_row(point, *cells)
        yield found


def section(results: Results, about: Mapping[str, object], picture: str) -> Iterator[str]:
    """The lines of the section. `picture` is the path of the plot, seen from the page."""
    yield (
        "Written by `python -m benchmarks.growth --page docs/speed.md`. The reference alone, with"
        f" {CONCURRENCY} jobs at a time for each worker; all points took turns in one run. Figures"
        " are medians of the rounds, with their range. CPU is that of the workers and their fleet's"
        " parent, and of the server's main thread."
    )
    yield ""
    yield ", ".join(f"{name} {value}" for name, value in about.items()) + "."
    yield ""
    yield f"![{HEADING}: CPU, rates and pick-up over each axis]({picture})"
    yield ""
    yield (
        "**Jobs waiting.** So many wait when a measurement begins. Where they are fewer than a"
        " drain does, it finds them again and again: a claim then takes no more than ten jobs, and"
        " each time the idle worker has to be woken. Of more jobs it does the first. Jobs are"
        " enqueued behind those that wait; at pick-up, those that wait are due in a day."
        " **Queues.** One worker listens to all, and each of its claims looks at all. The jobs are"
        " spread over them; 250 in bulk are still one round trip, but a script call for each queue."
        " **Workers.** A fleet; idle workers are watched without a job."
        " **Bytes of a result.** A handler returns a text whose JSON has this size."
    )
    for axis, columns in _parts(results, _ON_PAGE):
        yield ""
        yield f"| {axis.title} | {' | '.join(column.title for column in columns)} |"
        yield "| ---: |" + " ---: |" * len(columns)
        for point, cells in _rows(results, axis, columns, _with_range):
            yield f"| {point} | {' | '.join(cells)} |"
    yield ""
    yield (
        f"From {FEW:,} to {MANY:,} jobs waiting the logarithm doubles, so a cost that grows no"
        " worse than logarithmically at most doubles too:"
    )
    yield ""
    yield f"| {MANY:,} waiting, of {FEW:,} | bound | measured |"
    yield "| --- | ---: | ---: |"
    for goal in results.goals():
        measured = "not measured" if goal.measured is None else f"{goal.measured:.2f}"
        yield f"| {goal.name} | {goal.target} | {measured} |"


def _parts(results: Results, most: int) -> Iterator[tuple[Axis, Sequence[Column]]]:
    """Each axis with its columns, a few at a time."""
    for axis in AXES:
        columns = results.columns(axis)
        for start in range(0, len(columns), most):
            yield axis, columns[start : start + most]


def _rows(
    results: Results, axis: Axis, columns: Sequence[Column], cell: Callable[[Figure, str], str]
) -> Iterator[tuple[str, list[str]]]:
    """Each point with its cells."""
    curves = [(results.curve(axis, column.name), column.spec) for column in columns]
    for point in results.points(axis):
        yield (
            f"{point:,}",
            [cell(curve[point], spec) if point in curve else _NONE for curve, spec in curves],
        )


def _median(figure: Figure, spec: str) -> str:
    return format(figure.median, spec)


def _with_range(figure: Figure, spec: str) -> str:
    return _median(figure, spec) + figure.range(spec)
