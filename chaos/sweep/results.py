"""The results of a sweep: its cells, what each came to, and what that proves."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from chaos.checks import CheckResult, Outcome
from chaos.known import Entry, Known, Seen
from chaos.processes.modules import shown
from chaos.sweep.again import Again
from chaos.sweep.boundaries import boundaries
from chaos.sweep.cells import CONNECT, Cell
from chaos.sweep.columns import Column, Swept
from chaos.sweep.judging import Judged, Mark

_WORDS = {Mark.OK: "ok", Mark.UNKNOWN: "unknown"}


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
    #: Those of the broken that are known to be.
    known: Mapping[str, Entry]
    runs: int

    @property
    def new(self) -> list[str]:
        """The anomalies that are not known."""
        return [name for name in self.broken if name not in self.known]

    @property
    def why(self) -> str:
        """The first thing that is wrong, in a sentence; what is known comes last."""
        new = [self.broken[name] for name in self.new]
        return next(iter([*new, *self.final.unknown, *self.broken.values()]), "")

    def to_json(self) -> dict[str, Any]:
        return {
            "cell": str(self.cell),
            "life": self.cell.life,
            "boundary": self.at,
            "command": self.final.run.command,
            "phase": self.final.run.phase,
            "column": self.column.name,
            "mark": "broken" if self.broken else _WORDS[self.mark],
            "anomalies": dict(self.broken),
            "known": {name: entry.because for name, entry in self.known.items()},
            "unpromised": dict(self.final.unpromised),
            "unknown_because": list(self.final.unknown),
            "fates": sorted({*self.final.run.fates.values()}),
            "runs": self.runs,
            "again_s": [round(time_s, 3) for time_s in self.final.run.again_s],
            "seconds": round(self.final.run.seconds, 3),
        }


class Results:
    """Everything that a sweep found. `problems` are about the evidence as a whole; `known` is the
    list that it is held against, where there is one."""

    def __init__(
        self,
        swept: Swept,
        judged: Sequence[Judged],
        problems: list[str],
        checks: Sequence[CheckResult],
        run: Mapping[str, Any],
        known: Known | None = None,
    ) -> None:
        self._listed = known is not None
        self._list = known or Known()
        self.swept = swept
        self.problems = problems
        #: As of a scenario's run, over all cells.
        self.checks = checks
        self.run = run
        self._judged = {id(each.run): each for each in judged}
        self.judged = judged

    @cached_property
    def results(self) -> list[Result]:
        return [self._result(column, at) for column in self.swept.columns for at in column.cells]

    def _result(self, column: Column, at: str) -> Result:
        runs = [self._judged[id(run)] for run in column.cells[at]]
        broken = {name: why for run in runs for name, why in run.broken.items()}
        known = self._known(column.cell(at), broken)
        mark = Mark.UNKNOWN if runs[-1].unknown else Mark.KNOWN if known else Mark.OK
        return Result(
            cell=column.cell(at),
            column=column,
            at=at,
            final=runs[-1],
            mark=Mark.BROKEN if broken.keys() - known.keys() else mark,
            broken=broken,
            known=known,
            runs=len(runs),
        )

    def _known(self, cell: Cell, broken: Iterable[str]) -> dict[str, Entry]:
        """Those of the anomalies that are known in this cell."""
        entries = {name: self._list.entry("cell", str(cell), name) for name in broken}
        return {name: entry for name, entry in entries.items() if entry is not None}

    def new(self, judged: Judged) -> list[str]:
        """The anomalies of a run that are not known."""
        known = self._known(judged.run.cell, judged.broken)
        return [name for name in judged.broken if name not in known]

    @cached_property
    def known(self) -> dict[Entry, list[Judged]]:
        """The entries by which something that was broken is known, each with the runs."""
        found: dict[Entry, list[Judged]] = {}
        for each in self.judged:
            for entry in self._known(each.run.cell, each.broken).values():
                found.setdefault(entry, []).append(each)
        return found

    @cached_property
    def gone(self) -> tuple[Entry, ...]:
        """The entries that have to go: their anomaly had cases in their cells, and did not come."""
        return self._list.gone(
            Seen(
                kind="cell",
                place=str(each.run.cell),
                broken=each.broken.keys() | each.unpromised.keys(),
                kept=frozenset() if each.unknown else each.met,
            )
            for each in self.judged
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
        if missing := self.swept.missed:
            found.append(f"{missing} boundaries were not reached by any run")
        clean = [each for each in self.judged if not each.run.cell.faults and each.unknown]
        found += [f"{each.run.cell.life} without a fault: {each.unknown[0]}" for each in clean]
        return found

    @property
    def truth(self) -> Outcome:
        """The outcome, whatever is known."""
        if any(each.broken for each in self.judged):
            return Outcome.FAIL
        return Outcome.UNKNOWN if self.reasons else Outcome.PASS

    @cached_property
    def again(self) -> Again | None:
        """How soon jobs ran again that the faults had cut short."""
        return Again.of([s for result in self.results for s in result.final.run.again_s])

    @property
    def outcome(self) -> Outcome:
        """The outcome that counts: only what is new fails a sweep, or an entry that has to go."""
        if any(map(self.new, self.judged)) or self.gone:
            return Outcome.FAIL
        return Outcome.UNKNOWN if self.reasons else Outcome.PASS

    def left(self) -> dict[str, dict[str, int]]:
        """The numbers of cells that were left out, by life and by how far the job would have
        come."""
        found: dict[str, Counter[str]] = {}
        for column in self.swept.columns:
            if column.left:
                phases = (phase or "not known" for phase in column.left.values())
                found.setdefault(column.life, Counter()).update(phases)
        return {life: dict(counts) for life, counts in found.items()}

    def _known_json(self) -> dict[str, Any]:
        return {
            "outcome": str(self.outcome),
            "exit_code": self.outcome.exit_code,
            "broken": [
                entry.to_json() | {"cells": sorted({str(each.run.cell) for each in runs})}
                for entry, runs in self.known.items()
            ],
            "gone": [entry.to_json() for entry in self.gone],
        }

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
        there = {
            at for column in columns for at in (*column.cells, *column.unvisited, *column.left)
        }
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
                left=[at in column.left for column in columns],
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
            "outcome": str(self.truth),
            "exit_code": self.truth.exit_code,
            **({"known": self._known_json()} if self._listed else {}),
            "boundaries": self.swept.boundaries,
            "visited": self.swept.visited,
            "left_out": {"cells": self.swept.left, "lives": self.left()},
            "set_up": self.set_up,
            "void": [str(cell) for cell in self.swept.void],
            "runs": len(self.swept.runs),
            "seconds": round(self.swept.seconds, 2),
            "cells_per_second": round(self.rate, 2),
            "again": self.again.to_json() if self.again else None,
            "unknown_because": self.reasons,
            "not_visited": [str(c.cell(at)) for c in self.swept.columns for at in c.unvisited],
            "broken_without_fault": [
                {"life": each.run.cell.life, "anomalies": dict(each.broken)}
                for each in self.broken_without
            ],
            "checks": [check.to_json() for check in self.checks],
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
    left: list[bool]
