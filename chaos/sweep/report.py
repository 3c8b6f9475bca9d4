"""What a sweep comes to, for people and for machines."""

from __future__ import annotations

import json
import shlex
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, SubElement, indent, tostring

import jinja2
from rich.console import Console
from rich.table import Table
from rich.text import Text

from chaos.checks import Outcome
from chaos.guarantees import ANOMALIES, guarantee_of
from chaos.report.files import replace_file
from chaos.sweep.cells import SWEPT, Cell
from chaos.sweep.judging import Judged, Mark
from chaos.sweep.lives import BY_NAME
from chaos.sweep.sweep import Column, Swept, boundaries

_MOST = 12
_STYLES = {Mark.OK: "green", Mark.BROKEN: "bold red", Mark.UNKNOWN: "bold yellow"}
_SHORT = {"before-send": "send", "before-reply": "reply"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One cell, with what its runs came to."""

    cell: Cell
    column: Column
    at: str
    #: The run in which its faults landed, or the last one.
    final: Judged
    mark: Mark
    broken: Mapping[str, str]
    runs: int

    @property
    def why(self) -> str:
        """The first thing that is wrong, in a sentence."""
        return next(iter([*self.broken.values(), *self.final.unknown]), "")

    def to_json(self) -> dict[str, Any]:
        return {
            "cell": str(self.cell),
            "life": self.cell.life,
            "boundary": self.at,
            "command": self.final.visit.command,
            "phase": self.final.visit.phase,
            "column": self.column.name,
            "mark": {Mark.OK: "ok", Mark.BROKEN: "broken", Mark.UNKNOWN: "unknown"}[self.mark],
            "anomalies": dict(self.broken),
            "unpromised": dict(self.final.unpromised),
            "unknown_because": list(self.final.unknown),
            "runs": self.runs,
            "seconds": round(self.final.visit.seconds, 3),
        }


class Report:
    """All results of a sweep. `problems` are about the evidence as a whole."""

    def __init__(
        self, swept: Swept, judged: Sequence[Judged], problems: list[str], run: Mapping[str, Any]
    ) -> None:
        self.swept = swept
        self.problems = problems
        self.run = run
        self._judged = {id(each.visit): each for each in judged}
        self.judged = judged

    @cached_property
    def results(self) -> list[Result]:
        return [self._result(column, at) for column in self.swept.columns for at in column.cells]

    def _result(self, column: Column, at: str) -> Result:
        runs = [self._judged[id(visit)] for visit in column.cells[at]]
        broken = {name: why for run in runs for name, why in run.broken.items()}
        return Result(
            cell=column.cell(at),
            column=column,
            at=at,
            final=runs[-1],
            mark=Mark.BROKEN if broken else runs[-1].mark,
            broken=broken,
            runs=len(runs),
        )

    @cached_property
    def broken_without(self) -> list[Judged]:
        """Runs that broke a promise although no fault of theirs had landed."""
        return [each for each in self.judged if each.broken and not each.visit.command]

    @cached_property
    def reasons(self) -> list[str]:
        """Why the sweep proves less than it should."""
        found = [*self.problems]
        if not self.results:
            found.append("no cell was visited")
        unknown = sum(result.mark is Mark.UNKNOWN for result in self.results)
        if unknown:
            found.append(f"{unknown} cells are unknown")
        missing = self.swept.boundaries - self.swept.visited
        if missing:
            found.append(f"{missing} boundaries were not reached by any run")
        clean = [each for each in self.judged if not each.visit.cell.faults and each.unknown]
        found += [f"{each.visit.cell.life} without a fault: {each.unknown[0]}" for each in clean]
        return found

    @property
    def outcome(self) -> Outcome:
        if any(each.broken for each in self.judged):
            return Outcome.FAIL
        return Outcome.UNKNOWN if self.reasons else Outcome.PASS

    @property
    def rate(self) -> float:
        """Cells run per second."""
        return len(self.swept.visits) / max(self.swept.seconds, 1e-9)

    def lives(self) -> list[str]:
        return list(dict.fromkeys(column.life for column in self.swept.columns))

    def columns(self, life: str) -> list[Column]:
        return [column for column in self.swept.columns if column.life == life]

    def rows(self, life: str) -> Iterator[Row]:
        """The grid of one life, boundary by boundary."""
        columns = self.columns(life)
        of = {(id(r.column), r.at): r for r in self.results if r.cell.life == life}
        there = {at for column in columns for at in (*column.cells, *column.unvisited)}
        ordered = [at for at in self._in_order(life) if at in there]
        for place, at in enumerate(ordered, 1):
            cells = [of.get((id(column), at)) for column in columns]
            phases = Counter(cell.final.visit.phase for cell in cells if cell is not None)
            yield Row(
                place=place,
                at=at,
                phase=phases.most_common(1)[0][0] if phases else "",
                cells=cells,
                missing=[at in column.unvisited for column in columns],
            )

    def _in_order(self, life: str) -> list[str]:
        """Boundaries by their usual place: those of several connections change places by chance."""
        places: dict[str, list[int]] = {}
        for each in self.judged:
            if each.visit.cell.life == life:
                for place, at in enumerate(boundaries(each.visit.commands)):
                    places.setdefault(at, []).append(place)
        return sorted(places, key=lambda at: sum(places[at]) / len(places[at]))

    def command(self, cell: Cell) -> str:
        """The command that repeats a cell."""
        words = [
            "python",
            "-m",
            "chaos.sweep",
            "--cell",
            str(cell),
            "--seed",
            str(self.run["seed"]),
        ]
        for option in ("target", "redis"):
            if option in self.run["chosen"]:
                words += [f"--{option}", str(self.run["chosen"][option])]
        return shlex.join(words)

    def to_json(self) -> dict[str, Any]:
        return {
            "outcome": str(self.outcome),
            "exit_code": self.outcome.exit_code,
            "boundaries": self.swept.boundaries,
            "visited": self.swept.visited,
            "void": [str(cell) for cell in self.swept.void],
            "runs": len(self.swept.visits),
            "seconds": round(self.swept.seconds, 2),
            "cells_per_second": round(self.rate, 2),
            "unknown_because": self.reasons,
            "not_visited": [str(c.cell(at)) for c in self.swept.columns for at in c.unvisited],
            "broken_without_fault": [
                {"life": each.visit.cell.life, "anomalies": dict(each.broken)}
                for each in self.broken_without
            ],
            "cells": [result.to_json() for result in self.results],
            "run": dict(self.run),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One boundary of a life; a cell for each column, None where there is no such command."""

    place: int
    at: str
    phase: str
    cells: list[Result | None]
    missing: list[bool]


def print_report(report: Report, console: Console) -> None:
    """The grids, what is broken, the totals, and how to repeat a cell."""
    for life in report.lives():
        if report.columns(life)[0].first is None:
            console.print(_grid(report, life))
    _print_broken(report, console)
    swept = report.swept
    say = _line(console)
    what = "pairs" if swept.columns[0].first else "boundaries"
    say(f"{swept.visited:,} of {swept.boundaries:,} {what} visited, in {len(swept.visits):,}"
        f" runs and {swept.seconds:.1f} s: {report.rate:.1f} cells/s")  # fmt: skip
    if swept.void:
        say(f"{len(swept.void):,} more {what} came up in other runs and not in their own")
    for reason in report.reasons[:_MOST]:
        say(f"unknown: {reason}", "yellow")
    examples = [r for r in report.results if r.mark is not Mark.OK] or report.results
    if examples:
        say(f"repeat a cell: {report.command(examples[0].cell)}")
    marks = Counter(result.mark for result in report.results)
    counted = (
        f"{marks[Mark.OK]:,} ok, {marks[Mark.BROKEN]:,} broken, {marks[Mark.UNKNOWN]:,} unknown"
    )
    outcome = report.outcome
    styles = {Outcome.PASS: "bold green", Outcome.FAIL: "bold red", Outcome.UNKNOWN: "bold yellow"}
    say(f"{outcome.upper()}: {counted} (exit code {outcome.exit_code})", styles[outcome])


def _line(console: Console) -> Any:
    def say(text: str, style: str = "") -> None:
        console.print(Text(text, style=style), soft_wrap=True)

    return say


def _grid(report: Report, life: str) -> Table:
    table = Table(title=f"{life}: {BY_NAME[life].meaning}", title_justify="left", box=None)
    table.add_column("#", justify="right", style="dim")
    table.add_column("boundary")
    table.add_column("the job is", style="dim")
    for column in report.columns(life):
        table.add_column(f"{column.fault}\n{_SHORT[column.side]}", justify="center")
    for row in report.rows(life):
        cells = [_cell(*pair) for pair in zip(row.cells, row.missing, strict=True)]
        table.add_row(str(row.place), row.at, row.phase, *cells)
    return table


def _cell(result: Result | None, missing: bool) -> Text:
    if result is None:
        return Text("not visited" if missing else "", style="bold yellow")
    text = ", ".join(["F", *result.broken]) if result.broken else str(result.mark)
    return Text(text.replace("F, ", "F "), style=_STYLES[result.mark])


def _print_broken(report: Report, console: Console) -> None:
    say = _line(console)
    for anomaly in dict.fromkeys(name for each in report.judged for name in each.broken):
        sentence = guarantee_of(anomaly).sentence
        say(f"\n{anomaly}: {ANOMALIES[anomaly].meaning} Promised was: {sentence}.", "bold red")
        cells = [result for result in report.results if anomaly in result.broken]
        for result in cells[:_MOST]:
            say(f"  {result.cell} at {result.final.visit.command}: {result.broken[anomaly]}")
        if len(cells) > _MOST:
            say(f"  and {len(cells) - _MOST} cells more")
        for each in [one for one in report.broken_without if anomaly in one.broken][:_MOST]:
            say(f"  {each.visit.cell.life}, before any fault: {each.broken[anomaly]}")
    unknown = [result for result in report.results if result.mark is Mark.UNKNOWN]
    for result in unknown[:_MOST]:
        say(f"unknown: {result.cell}: {result.why}", "yellow")
    unpromised = Counter(name for each in report.judged for name in each.unpromised)
    for anomaly, count in unpromised.items():
        say(f"not promised, and broken in {count} cells: {anomaly}", "dim")


def write_json(report: Report, path: Path) -> None:
    replace_file(path, json.dumps(report.to_json(), indent=1, default=str).encode() + b"\n")


def write_junit(report: Report, path: Path) -> None:
    """A test suite for each life, a test case for each cell, and one for the evidence."""
    root = Element("testsuites", name="chaos.sweep")
    for life in report.lives():
        suite = SubElement(root, "testsuite", name=f"sweep {life}")
        for result in (each for each in report.results if each.cell.life == life):
            case = SubElement(suite, "testcase", classname=life, name=str(result.cell))
            case.set("time", f"{result.final.visit.seconds:.3f}")
            if result.mark is not Mark.OK:
                kind = "failure" if result.mark is Mark.BROKEN else "error"
                message = ", ".join(result.broken) or "unknown"
                SubElement(case, kind, message=message).text = result.why
    evidence = SubElement(root, "testsuite", name="sweep evidence")
    case = SubElement(evidence, "testcase", classname="sweep", name="evidence")
    if report.reasons:
        SubElement(case, "error", message="unknown").text = "\n".join(report.reasons)
    for suite in [*root, root]:
        for tag, name in (("testcase", "tests"), ("failure", "failures"), ("error", "errors")):
            suite.set(name, str(len(list(suite.iter(tag)))))
    indent(root)
    replace_file(path, tostring(root, encoding="utf-8", xml_declaration=True) + b"\n")


def write_markdown(report: Report, path: Path) -> None:
    """The grids in short, for a README: how many cells of a life and a fault are as they should."""
    faults = list(dict.fromkeys(column.faults for column in report.swept.columns))
    lines = [["life", *faults], ["---"] + ["---:"] * len(faults)]
    for life in report.lives():
        counts = [
            Counter(
                result.mark
                for result in report.results
                if (result.cell.life, result.column.faults) == (life, fault)
            )
            for fault in faults
        ]
        lines.append([life, *(f"{count[Mark.OK]} of {count.total()}" for count in counts)])
    text = "".join(f"| {' | '.join(line)} |\n" for line in lines)
    replace_file(path, text.encode())


def write_html(report: Report, path: Path) -> None:
    """The grids as one page that needs nothing else."""
    template = jinja2.Template(
        (files("chaos.sweep") / "grid.html").read_text("utf-8"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    page = template.render(
        report=report, lives=BY_NAME, faults=SWEPT, Mark=Mark, short=_SHORT, anomalies=ANOMALIES
    )
    replace_file(path, page.encode())
