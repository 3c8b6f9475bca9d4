"""The cells of a sweep are found by running them: every run tells which commands a life has."""

from __future__ import annotations

import itertools
import math
import queue
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import TypeVar

from chaos.faults import Side
from chaos.processes import held_back
from chaos.rig.progress import Progress
from chaos.sweep import slots
from chaos.sweep.cell.play import play
from chaos.sweep.cell_run import CellRun
from chaos.sweep.cells import CONNECT, SWEPT, BoundaryFault, Cell, can_land
from chaos.sweep.risk import Risks
from chaos.sweep.stage import Stage

#: Runs without a fault; a boundary that all of them have must be visited.
_CLEAN_RUNS = 4
#: Runs of a cell whose fault does not land because this time there were fewer commands.
_TRIES = 5
#: The same in a pair: whoever recovers need not come as far.
_PAIR_TRIES = 2
#: The same where a boundary has come up in some run by chance (a renewal of the lock, a poll more).
#: A run that tries it may show others, which are tried as well, and so on, each less often.
_CHANCE_TRIES = (2, 1, 1)
#: More commands of a kind than this tell nothing new where they come up by chance.
_CHANCE_NTH = 3
_SAY_S = 2.0
#: Cells that are tried again at the same time. Few: what is late on a busy machine may be in time.
_AGAIN = 4
#: The longest wait after an interruption.
_LOOK_S = 0.1
#: The least share of a budget that is for cells.
_FOR_CELLS = 1 / 3

T = TypeVar("T")


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


def boundaries(run: CellRun) -> list[str]:
    """The boundaries of a run by its commands: `claim.1`, `SET.1`, `claim.2`, …

    How a process sets its connections up, shows that it lives and waits for work does not depend on
    the life. So these commands are boundaries in some lives only; others have those that move a
    job, where the target can tell them.
    """
    commands = _connected_once(run.commands)
    moves = [command for command in commands if command.islower()]
    visited = commands if run.cell.story.whole or not moves else moves
    seen: Counter[str] = Counter()
    found = []
    for command in visited:
        seen[command] += 1
        found.append(f"{command}.{seen[command]}")
    return found


def _connected_once(commands: Sequence[str]) -> list[str]:
    """The commands, with one for all that set connections up."""
    first = CONNECT in commands and commands.index(CONNECT)
    return [name for place, name in enumerate(commands) if name != CONNECT or place == first]


class _Beyond:
    """Boundaries that runs show and that were not tried yet."""

    def __init__(self, surely: Mapping[str, Iterable[str]]) -> None:
        #: By life and boundary: how many chances have led to it.
        self._chances = {(life, at): 0 for life, known in surely.items() for at in known}
        self._seen = 0

    def shown(self, runs: Sequence[CellRun]) -> Iterator[tuple[str, str, int]]:
        """The life, the boundary, and how often to try it, of each that came up in these runs since
        the last call."""
        new, self._seen = runs[self._seen :], len(runs)
        for run in new:
            life, faults = run.cell.life, run.cell.faults
            chances = 1 + (self._chances.get((life, faults[-1].at), 0) if faults else 0)
            if chances > len(_CHANCE_TRIES):
                continue
            for at in boundaries(run):
                if (life, at) not in self._chances and int(at.rpartition(".")[2]) <= _CHANCE_NTH:
                    self._chances[life, at] = chances
                    yield life, at, _CHANCE_TRIES[chances - 1]


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
        enough: Callable[[float], int] | None = None,
    ) -> None:
        """`enough` tells how many stages have something to do, if a cell keeps a processor busy for
        so many seconds; without it, all have."""
        # The last one first: those that no cell has needed yet cost nothing.
        self._free: queue.LifoQueue[Stage] = queue.LifoQueue()
        for stage in stages:
            self._free.put(stage)
        self._slots = len(stages)
        self._directory = directory
        self._progress = progress
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        self._runs: list[CellRun] = []
        self._void: dict[Cell, None] = {}
        self._over = False
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
        with self._pool() as pool:
            surely = self._count(pool, lives)
            self._until = max(self._until, time.monotonic() + _FOR_CELLS * self._budget_s)
            beyond = _Beyond(surely)
            self._all(
                pool.submit(self._try, column, at, _CHANCE_TRIES[0])
                for column, at in self._failed_earlier(columns)
            )
            sure = ((life, at, _TRIES) for life, known in surely.items() for at in known)
            self._all(
                self._tries(pool, columns, sure),
                lambda: self._tries(pool, columns, beyond.shown(self._runs)),
            )
            self._again(pool, columns)
        risks = Risks(self._runs)
        for column in columns:
            column.left = {at: risks.phase(column.cell(at)) for at in column.left}
        return columns

    def _again(self, pool: ThreadPoolExecutor, columns: list[Column]) -> None:
        """Try once more, a few at a time, what no run has reached."""
        missed = [(column, at) for column in columns for at in column.unvisited]
        for column in columns:
            column.unvisited = {}
        for begin in range(0, len(missed), _AGAIN):
            few = missed[begin : begin + _AGAIN]
            self._all([pool.submit(self._try, column, at) for column, at in few])
        for column in columns:
            for at in column.unsure():
                del column.unvisited[at]
                self._void[column.cell(at)] = None

    def _count(self, pool: ThreadPoolExecutor, lives: Sequence[str]) -> dict[str, list[str]]:
        """The boundaries that each life has in all of some runs that nothing disturbs."""
        runs: dict[str, list[list[str]]] = {}
        began_s = slots.worked_s()
        clean = self._all(
            pool.submit(self._play, Cell(life)) for life in lives for _ in range(_CLEAN_RUNS)
        )
        self._fit((slots.worked_s() - began_s) / len(clean))
        for run in clean:
            runs.setdefault(run.cell.life, []).append(boundaries(run))
        return {
            life: [at for at in first if all(at in other for other in others)]
            for life, (first, *others) in runs.items()
        }

    def _fit(self, work_s: float) -> None:
        """Do without the slots that there is no use for, if a cell is so much work."""
        for _ in range(self._slots - self._enough(work_s)):
            self._free.get()

    def _tries(
        self,
        pool: ThreadPoolExecutor,
        columns: Sequence[Column],
        shown: Iterable[tuple[str, str, int]],
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
            yield pool.submit(self._try, column, at, tries)

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
            run = self._play(column.cell(at))
            tried.append(run)
            if run.complete or run.trouble:
                column.cells[at] = tried
                return
        if tries == _TRIES:
            column.unvisited[at] = tried
        else:
            self._void[column.cell(at)] = None

    def _pair(self, life: str, size: int | None, random: Random) -> list[Column]:
        with self._pool() as pool:
            surely = self._count(pool, [life])[life]
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
            self._all(pool.submit(self._try, column, at, _PAIR_TRIES) for column, at in chosen)
        return columns

    # Runs

    @contextmanager
    def _pool(self) -> Iterator[ThreadPoolExecutor]:
        """Threads, one for each stage; whatever ends this early also ends what has not begun."""
        pool = ThreadPoolExecutor(self._slots, thread_name_prefix="slot")
        try:
            yield pool
        except BaseException:
            self._over = True
            raise
        finally:
            pool.shutdown(cancel_futures=True)

    def _all(
        self, futures: Iterable[Future[T]], more: Callable[[], Iterable[Future[T]]] = lambda: ()
    ) -> list[T]:
        """Submit, and wait for all results, while it is told how far they are. `more` submits what
        these have shown to be left."""
        with held_back():
            waiting = list(futures)
        began, played = time.monotonic(), len(self._runs)
        say_at = began + _SAY_S
        while True:
            done = self._done(waiting)
            with held_back():
                new = list(more())
            if done == len(waiting) and not new:
                break
            waiting += new
            now = time.monotonic()
            if now >= say_at:
                say_at = now + _SAY_S
                rate = (len(self._runs) - played) / (now - began)
                self._progress.say(f"{done:,} of {len(waiting):,}, {rate:.1f} cells/s")
        return [future.result() for future in waiting]

    def _done(self, futures: list[Future[T]]) -> int:
        """Wait until all are done, or for a moment. Returns how many are done."""
        # Cut short, `wait` and `submit` may leave a lock taken that a thread then waits for.
        with held_back():
            return len(wait(futures, timeout=_LOOK_S).done)

    def _play(self, cell: Cell) -> CellRun:
        if self._over:
            raise RuntimeError("the sweep is over")
        directory = self._directory / f"c{next(self._numbers):05d}"
        stage = self._free.get()
        try:
            run = play(stage, cell, directory)
        finally:
            self._free.put(stage)
        with self._lock:
            self._runs.append(run)
        return run
