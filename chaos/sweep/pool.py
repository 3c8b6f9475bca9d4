"""Cells are played on several stages at once, each in a thread of its own."""

from __future__ import annotations

import itertools
import queue
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from pathlib import Path
from typing import ParamSpec, TypeVar

from chaos.processes import held_back
from chaos.rig.progress import Progress
from chaos.sweep.cell.play import play
from chaos.sweep.cell_run import CellRun
from chaos.sweep.cells import Cell
from chaos.sweep.room import Room
from chaos.sweep.stage import Stage

_SAY_S = 2.0
#: The longest wait after an interruption.
_LOOK_S = 0.1

P = ParamSpec("P")
T = TypeVar("T")


class Pool:
    """The stages that are free, threads for them, and every run so far."""

    def __init__(
        self, stages: Sequence[Stage], room: Room, directory: Path, progress: Progress
    ) -> None:
        """Runs go to directories of their own in `directory`."""
        # The last one first: those that no cell has needed yet cost nothing.
        self._free: queue.LifoQueue[Stage] = queue.LifoQueue()
        for stage in stages:
            self._free.put(stage)
        self._slots = len(stages)
        self._room = room
        self._directory = directory
        self._progress = progress
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        self._over = False
        self._threads: ThreadPoolExecutor | None = None
        self.runs: list[CellRun] = []

    @contextmanager
    def opened(self) -> Iterator[None]:
        """Threads, one for each stage; whatever ends this early also ends what has not begun."""
        self._threads = ThreadPoolExecutor(self._slots, thread_name_prefix="slot")
        try:
            yield
        except BaseException:
            self._over = True
            raise
        finally:
            self._threads.shutdown(cancel_futures=True)

    def keep(self, slots: int) -> None:
        """Do without the others: there is no use for them."""
        for _ in range(self._slots - slots):
            self._free.get()

    def submit(self, work: Callable[P, T], /, *args: P.args, **more: P.kwargs) -> Future[T]:
        """Have this done in one of the threads."""
        assert self._threads is not None
        return self._threads.submit(work, *args, **more)

    def all(
        self, futures: Iterable[Future[T]], more: Callable[[], Iterable[Future[T]]] = lambda: ()
    ) -> list[T]:
        """Submit, and wait for all results, while it is told how far they are. `more` submits what
        these have shown to be left."""
        with held_back():
            waiting = list(futures)
        began, played = time.monotonic(), len(self.runs)
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
                rate = (len(self.runs) - played) / (now - began)
                self._progress.say(f"{done:,} of {len(waiting):,}, {rate:.1f} cells/s")
        return [future.result() for future in waiting]

    def _done(self, futures: list[Future[T]]) -> int:
        """Wait until all are done, or for a moment. Returns how many are done."""
        # Cut short, `wait` and `submit` may leave a lock taken that a thread then waits for.
        with held_back():
            return len(wait(futures, timeout=_LOOK_S).done)

    def play(self, cell: Cell) -> CellRun:
        """Play a cell here and now, on a stage that is free."""
        with self._room.taken():
            if self._over:
                raise RuntimeError("the sweep is over")
            directory = self._directory / f"c{next(self._numbers):05d}"
            stage = self._free.get()
            try:
                run = play(stage, cell, directory)
            finally:
                self._free.put(stage)
        with self._lock:
            self.runs.append(run)
        return run
