"""The results of a sweep: its cells, what each came to, and what that proves."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from chaos.checks import Outcome
from chaos.processes.modules import shown
from chaos.sweep.cells import CONNECT, Cell
from chaos.sweep.judging import Judged, Mark
from chaos.sweep.sweep import Column, Swept, boundaries


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One cell, and the judgement on its runs."""

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
            "command": self.final.run.command,
            "phase": self.final.run.phase,
            "column": self.column.name,
            "mark": {Mark.OK: "ok", Mark.BROKEN: "broken", Mark.UNKNOWN: "unknown"}[self.mark],
            "anomalies": dict(self.broken),
            "unpromised": dict(self.final.unpromised),
            "unknown_because": list(self.final.unknown),
            "runs": self.runs,
            "seconds": round(self.final.run.seconds, 3),
        }


class Results:
    """Everything that a sweep found. `problems` are about the evidence as a whole."""

    def __init__(
        self, swept: Swept, judged: Sequence[Judged], problems: list[str], run: Mapping[str, Any]
    ) -> None:
        self.swept = swept
        self.problems = problems
        self.run = run
        self._judged = {id(each.run): each for each in judged}
        self.judged = judged

    @cached_property
    def results(self) -> list[Result]:
        return [self._result(column, at) for column in self.swept.columns for at in column.cells]

    def _result(self, column: Column, at: str) -> Result:
        runs = [self._judged[id(run)] for run in column.cells[at]]
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
    def set_up(self) -> int:
        """The commands of a run that set its connections up, where they count as one boundary."""
        return max((run.commands.count(CONNECT) for run in self.swept.runs), default=0)

    @cached_property
    def broken_without(self) -> list[Judged]:
        """Runs that broke a promise although no fault of theirs had landed."""
        return [each for each in self.judged if each.broken and not each.run.command]

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
        clean = [each for each in self.judged if not each.run.cell.faults and each.unknown]
        found += [f"{each.run.cell.life} without a fault: {each.unknown[0]}" for each in clean]
        return found

    @property
    def outcome(self) -> Outcome:
        if any(each.broken for each in self.judged):
            return Outcome.FAIL
        return Outcome.UNKNOWN if self.reasons else Outcome.PASS

    @property
    def rate(self) -> float:
        """Cells run per second."""
        return len(self.swept.runs) / max(self.swept.seconds, 1e-9)

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
            phases = Counter(cell.final.run.phase for cell in cells if cell is not None)
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
            if each.run.cell.life == life:
                for place, at in enumerate(boundaries(each.run)):
                    places.setdefault(at, []).append(place)
        return sorted(places, key=lambda at: sum(places[at]) / len(places[at]))

    def command(self, cell: Cell) -> str:
        """The command that repeats a cell."""
        words = [*shown("sweep"), "--cell", str(cell)]
        words += ["--seed", str(self.run["seed"])]
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
            "set_up": self.set_up,
            "void": [str(cell) for cell in self.swept.void],
            "runs": len(self.swept.runs),
            "seconds": round(self.swept.seconds, 2),
            "cells_per_second": round(self.rate, 2),
            "unknown_because": self.reasons,
            "not_visited": [str(c.cell(at)) for c in self.swept.columns for at in c.unvisited],
            "broken_without_fault": [
                {"life": each.run.cell.life, "anomalies": dict(each.broken)}
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
