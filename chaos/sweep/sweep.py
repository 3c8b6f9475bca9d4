"""The cells of a sweep are found by running them: every run tells which commands a life has."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from pathlib import Path
from random import Random

from chaos.rig.progress import Progress
from chaos.sweep import slots
from chaos.sweep.boundaries import CHANCE_TRIES, Beyond, boundaries
from chaos.sweep.cells import SWEPT, BoundaryFault, Cell, can_land
from chaos.sweep.columns import Column, Swept
from chaos.sweep.pool import Pool
from chaos.sweep.risk import Risks
from chaos.sweep.room import Room
from chaos.sweep.stage import Stage

#: Runs without a fault; a boundary that all of them have must be visited.
_CLEAN_RUNS = 4
#: Runs of a cell whose fault does not land because this time there were fewer commands.
_TRIES = 5
#: The same in a pair: whoever recovers need not come as far.
_PAIR_TRIES = 2
#: Cells that are tried again at the same time. Few: what is late on a busy machine may be in time.
_AGAIN = 4
#: The least share of a budget that is for cells.
_FOR_CELLS = 1 / 3


class Sweep:
    """Plays cells on several stages at once, the riskiest first.

    Once `budget_s` are over, no other cell is begun. The runs without a fault are always played,
    because they tell which cells there are; where they take long, a third of the budget is left.
    Cells that `failed` earlier come before all others.
    """

    def __init__(
        self,
        stages: Sequence[Stage],
        directory: Path,
        progress: Progress,
        *,
        budget_s: float | None = None,
        failed: frozenset[str] = frozenset(),
        room: Room | None = None,
        enough: Callable[[float], int] | None = None,
    ) -> None:
        """`room` is for cells; without it, there is some on every stage. `enough` tells how
        many stages have something to do, if a cell keeps a processor busy for so many seconds;
        without it, all have."""
        self._pool = Pool(stages, room or Room(len(stages)), directory, progress)
        self._runs = self._pool.runs
        self._void: dict[Cell, None] = {}
        self._budget_s = math.inf if budget_s is None else budget_s
        self._until = math.inf
        self._failed = failed
        self._enough = enough or (lambda _: len(stages))

    def sweep(self, lives: Sequence[str], faults: Sequence[str]) -> Swept:
        """Every boundary of these lives under these faults."""
        columns = [
            Column(life, fault, side)
            for life in lives
            for fault in faults
            for side in SWEPT[fault].swept_sides
        ]
        return self._timed(lambda: self._fill(lives, columns))

    def pairs(self, life: str, size: int | None, random: Random) -> Swept:
        """A second kill, while another worker recovers from a first kill or pause: every ordered
        pair of boundaries, or a random sample of that size."""
        return self._timed(lambda: self._pair(life, size, random))

    def one(self, cell: Cell) -> Swept:
        """One cell, again and again until its faults have landed."""
        last = cell.faults[-1]
        first = cell.faults[0] if len(cell.faults) > 1 else None
        column = Column(cell.life, last.fault, last.side, first)

        def repeat() -> list[Column]:
            self._try(column, last.at)
            return [column]

        return self._timed(repeat)

    def _timed(self, work: Callable[[], list[Column]]) -> Swept:
        began = time.monotonic()
        self._until = began + self._budget_s
        columns = work()
        return Swept(columns, self._runs, time.monotonic() - began, [*self._void])

    # Columns

    def _fill(self, lives: Sequence[str], columns: list[Column]) -> list[Column]:
        with self._pool.opened():
            surely = self._count(lives)
            self._until = max(self._until, time.monotonic() + _FOR_CELLS * self._budget_s)
            beyond = Beyond(surely)
            self._pool.all(
                self._pool.submit(self._try, column, at, CHANCE_TRIES[0])
                for column, at in self._failed_earlier(columns)
            )
            sure = ((life, at, _TRIES) for life, known in surely.items() for at in known)
            self._pool.all(
                self._tries(columns, sure), lambda: self._tries(columns, beyond.shown(self._runs))
            )
            self._again(columns)
        risks = Risks(self._runs)
        for column in columns:
            column.left = {at: risks.phase(column.cell(at)) for at in column.left}
        return columns

    def _again(self, columns: list[Column]) -> None:
        """Try once more, a few at a time, what no run has reached."""
        missed = [(column, at) for column in columns for at in column.unvisited]
        for column in columns:
            column.unvisited = {}
        for begin in range(0, len(missed), _AGAIN):
            few = missed[begin : begin + _AGAIN]
            self._pool.all([self._pool.submit(self._try, column, at) for column, at in few])
        for column in columns:
            for at in column.unsure():
                del column.unvisited[at]
                self._void[column.cell(at)] = None

    def _count(self, lives: Sequence[str]) -> dict[str, list[str]]:
        """The boundaries that each life has in all of some runs that nothing disturbs."""
        runs: dict[str, list[list[str]]] = {}
        began_s = slots.worked_s()
        clean = self._pool.all(
            self._pool.submit(self._pool.play, Cell(life))
            for life in lives
            for _ in range(_CLEAN_RUNS)
        )
        self._pool.keep(self._enough((slots.worked_s() - began_s) / len(clean)))
        for run in clean:
            runs.setdefault(run.cell.life, []).append(boundaries(run))
        return {
            life: [at for at in first if all(at in other for other in others)]
            for life, (first, *others) in runs.items()
        }

    def _tries(
        self, columns: Sequence[Column], shown: Iterable[tuple[str, str, int]]
    ) -> Iterator[Future[None]]:
        """Try these boundaries, each of a life and so many times, under each fault. The riskiest
        come first; of equal risk, the first of all lives before the second of any."""
        of: dict[str, list[tuple[str, int]]] = {}
        for life, at, tries in shown:
            of.setdefault(life, []).append((at, tries))
        if not of:
            return
        risks = Risks(self._runs)
        cells = [
            (risks.rank(column.cell(at)), place, column, at, tries)
            for column in columns
            for place, (at, tries) in enumerate(of.get(column.life, ()))
            if at not in column.cells and can_land(column.fault, at)
        ]
        cells.sort(key=lambda cell: cell[:2])
        for _, _, column, at, tries in cells:
            yield self._pool.submit(self._try, column, at, tries)

    def _failed_earlier(self, columns: Sequence[Column]) -> Iterator[tuple[Column, str]]:
        """The cells that failed earlier; their boundaries need not be there any longer."""
        for column in columns:
            for name in sorted(self._failed):
                at = name.split("/")[2] if name.count("/") == 3 else ""
                if str(column.cell(at)) == name:
                    yield column, at

    def _try(self, column: Column, at: str, tries: int = _TRIES) -> None:
        """Run a cell until its fault lands; with fewer tries it need not be there."""
        if time.monotonic() >= self._until:
            column.left[at] = ""
            return
        self._void.pop(column.cell(at), None)
        tried = []
        for _ in range(tries):
            run = self._pool.play(column.cell(at))
            tried.append(run)
            if run.complete or run.trouble:
                column.cells[at] = tried
                return
        if tries == _TRIES:
            column.unvisited[at] = tried
        else:
            self._void[column.cell(at)] = None

    def _pair(self, life: str, size: int | None, random: Random) -> list[Column]:
        with self._pool.opened():
            surely = self._count([life])[life]
            columns = [
                Column(life, "kill", side, BoundaryFault(fault, at, first))
                for fault in ("kill", "pause")
                for at in surely
                if can_land(fault, at)
                for first in SWEPT[fault].swept_sides
                for side in SWEPT["kill"].swept_sides
            ]
            chosen = [(column, at) for column in columns for at in surely]
            if size is not None:
                chosen = random.sample(chosen, min(size, len(chosen)))
            self._pool.all(
                self._pool.submit(self._try, column, at, _PAIR_TRIES) for column, at in chosen
            )
        return columns
