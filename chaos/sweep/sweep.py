"""Which cells there are is found by running them: column by column until a command never comes."""

from __future__ import annotations

import itertools
import queue
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import TypeVar

from chaos.faults import Side
from chaos.rig.progress import Progress
from chaos.sweep.cells import FAULTS, Blow, Cell
from chaos.sweep.stage import Stage, Visit

#: Runs without a fault from which the number of boundaries is estimated.
_CLEAN_RUNS = 3
#: Runs of a cell whose fault does not land because this time there were fewer commands.
_TRIES = 5
#: Runs in which a boundary beyond the estimate must not come before it counts as not there.
_LAST_TRIES = 3
_SAY_S = 2.0

T = TypeVar("T")


@dataclass(slots=True)
class Column:
    """All boundaries of one life under one fault, on one side; in a pair, after a first fault."""

    life: str
    fault: str
    side: Side
    first: Blow | None = None
    #: By boundary; those that were looked for and are not there are not among them.
    cells: dict[int, list[Visit]] = field(default_factory=dict)
    #: Boundaries that there must be, and that no run has reached.
    unvisited: list[int] = field(default_factory=list)

    def cell(self, k: int) -> Cell:
        blow = Blow(self.fault, k, self.side)
        return Cell(self.life, (blow,) if self.first is None else (self.first, blow))

    @property
    def name(self) -> str:
        before = "" if self.first is None else f"{self.first}+"
        return f"{before}{self.fault}/{self.side}"


@dataclass(slots=True)
class Swept:
    """All that was run."""

    columns: list[Column]
    visits: list[Visit]
    seconds: float
    #: Pairs of a sample whose second boundary does not exist, as the first worker had left less.
    void: int = 0

    @property
    def visited(self) -> int:
        return sum(len(column.cells) for column in self.columns)

    @property
    def boundaries(self) -> int:
        return self.visited + sum(len(column.unvisited) for column in self.columns)


class Sweep:
    """Plays cells on several stages at once."""

    def __init__(self, stages: Sequence[Stage], directory: Path, progress: Progress) -> None:
        self._free: queue.SimpleQueue[Stage] = queue.SimpleQueue()
        for stage in stages:
            self._free.put(stage)
        self._slots = len(stages)
        self._directory = directory
        self._progress = progress
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        self._visits: list[Visit] = []
        self._over = False

    def sweep(self, lives: Sequence[str], faults: Sequence[str]) -> Swept:
        """Every boundary of these lives under these faults."""
        columns = [
            Column(life, fault, side)
            for life in lives
            for fault in faults
            for side in FAULTS[fault].sides
        ]
        return self._timed(lambda: self._fill(lives, columns))

    def pairs(self, life: str, size: int | None, random: Random) -> Swept:
        """A second kill, while another worker recovers from a first kill or pause: every ordered
        pair of boundaries, or a random sample of so many."""
        return self._timed(lambda: self._pair(life, size, random))

    def one(self, cell: Cell) -> Swept:
        """One cell, again and again until its faults have landed."""
        blow = cell.blows[-1]
        first = cell.blows[0] if len(cell.blows) > 1 else None

        def play() -> tuple[list[Column], int]:
            column = Column(cell.life, blow.fault, blow.side, first)
            self._visit(column, blow.k)
            return [column], 0

        return self._timed(play)

    def _timed(self, work: Callable[[], tuple[list[Column], int]]) -> Swept:
        began = time.monotonic()
        columns, void = work()
        return Swept(columns, self._visits, time.monotonic() - began, void)

    # Columns

    def _fill(self, lives: Sequence[str], columns: list[Column]) -> tuple[list[Column], int]:
        with self._pool() as pool:
            counts = self._count(pool, lives)
            # By boundary first: then neighbours in time differ in the fault, not in the load.
            cells = sorted(
                ((column, k) for column in columns for k in range(1, counts[column.life] + 1)),
                key=lambda cell: cell[1],
            )
            self._all(pool.submit(self._visit, column, k) for column, k in cells)
            self._all(
                pool.submit(self._go_on, column, counts[column.life] + 1) for column in columns
            )
        return columns, 0

    def _count(self, pool: ThreadPoolExecutor, lives: Sequence[str]) -> dict[str, int]:
        """The commands of the victim in a life that nothing disturbs; the fewest of some runs."""
        clean = {
            life: [pool.submit(self._play, Cell(life)) for _ in range(_CLEAN_RUNS)]
            for life in lives
        }
        return {
            life: min(len(visit.commands) for visit in self._all(runs))
            for life, runs in clean.items()
        }

    def _visit(self, column: Column, k: int, *, must: bool = True) -> bool:
        """Run a cell until its fault lands. False when its command never came."""
        tried = []
        for _ in range(_TRIES if must else _LAST_TRIES):
            visit = self._play(column.cell(k))
            tried.append(visit)
            if visit.complete or visit.trouble:
                column.cells[k] = tried
                return True
        if must:
            column.unvisited.append(k)
        return False

    def _go_on(self, column: Column, k: int) -> None:
        """Visit what lies beyond the estimate, until the life is over before the kth command."""
        while self._visit(column, k, must=False):
            k += 1

    def _pair(self, life: str, size: int | None, random: Random) -> tuple[list[Column], int]:
        sides = FAULTS["kill"].sides
        with self._pool() as pool:
            most = self._count(pool, [life])[life]
            columns = [
                Column(life, "kill", side, Blow(fault, k, first))
                for fault in ("kill", "pause")
                for k in range(1, most + 1)
                for first in FAULTS[fault].sides
                for side in sides
            ]
            if size is None:
                self._all(pool.submit(self._go_on, column, 1) for column in columns)
                return columns, 0
            chosen = [(column, k) for column in columns for k in range(1, most + 1)]
            chosen = random.sample(chosen, min(size, len(chosen)))
            there = self._all(
                pool.submit(self._visit, column, k, must=False) for column, k in chosen
            )
        return columns, there.count(False)

    # Runs

    def _pool(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(self._slots, thread_name_prefix="slot")

    def _all(self, futures: Iterable[Future[T]]) -> list[T]:
        """All results; whatever ends this early also ends what has not begun."""
        waiting = list(futures)
        began, played = time.monotonic(), len(self._visits)
        try:
            while wait(waiting, timeout=_SAY_S).not_done:
                rate = (len(self._visits) - played) / (time.monotonic() - began)
                done = sum(future.done() for future in waiting)
                self._progress.say(f"{done:,} of {len(waiting):,}, {rate:.1f} cells/s")
            return [future.result() for future in waiting]
        except BaseException:
            self._over = True
            for future in waiting:
                future.cancel()
            raise

    def _play(self, cell: Cell) -> Visit:
        if self._over:
            raise RuntimeError("the sweep is over")
        directory = self._directory / f"c{next(self._numbers):05d}"
        stage = self._free.get()
        try:
            visit = stage.play(cell, directory)
        finally:
            self._free.put(stage)
        with self._lock:
            self._visits.append(visit)
        return visit
