"""What a sweep has run: columns of cells, one for each life and fault."""

from __future__ import annotations

from dataclasses import dataclass, field

from chaos.faults import Side
from chaos.sweep.boundaries import boundaries
from chaos.sweep.cell_run import CellRun
from chaos.sweep.cells import BoundaryFault, Cell


@dataclass(slots=True)
class Column:
    """All boundaries of one life under one fault, on one side; in a pair, after a first fault."""

    life: str
    fault: str
    side: Side
    first: BoundaryFault | None = None
    #: By boundary, the runs of a cell; the fault has landed in the last one.
    cells: dict[str, list[CellRun]] = field(default_factory=dict)
    #: Boundaries of every run without a fault that no run with this fault has reached, each with
    #: its runs.
    unvisited: dict[str, list[CellRun]] = field(default_factory=dict)
    #: Boundaries that were left out because the budget was used up, each with how far the job would
    #: have come.
    left: dict[str, str] = field(default_factory=dict)

    def cell(self, at: str) -> Cell:
        fault = BoundaryFault(self.fault, at, self.side)
        return Cell(self.life, (fault,) if self.first is None else (self.first, fault))

    @property
    def name(self) -> str:
        before = "" if self.first is None else f"{self.first}+"
        return f"{before}{self.fault}/{self.side}"

    @property
    def faults(self) -> str:
        """The kind of the fault; in a pair, of both."""
        return self.fault if self.first is None else f"{self.first.fault}+{self.fault}"

    def unsure(self) -> list[str]:
        """Those of the unvisited that are not in every run without a fault after all. A run whose
        fault has not landed is such a run."""
        unsure = []
        for at, runs in self.unvisited.items():
            if not all(at in boundaries(run) for run in runs):
                unsure.append(at)
        return unsure


@dataclass(slots=True)
class Swept:
    """All that was run."""

    columns: list[Column]
    runs: list[CellRun]
    seconds: float
    #: Cells whose boundary some run had and none of theirs: it depends on the time that things
    #: take, or, in a pair, on what the first fault has left to do.
    void: list[Cell]

    @property
    def visited(self) -> int:
        return sum(len(column.cells) for column in self.columns)

    @property
    def missed(self) -> int:
        """Boundaries that no run of their cells has reached."""
        return sum(len(column.unvisited) for column in self.columns)

    @property
    def left(self) -> int:
        """Boundaries that were left out because the budget was used up."""
        return sum(len(column.left) for column in self.columns)

    @property
    def boundaries(self) -> int:
        return self.visited + self.missed + self.left
