"""Waiting until something has happened to a cell: a process has ended, or a fault has landed."""

from __future__ import annotations

import threading
from collections.abc import Callable

from chaos.processes import ForkServerGone
from chaos.rig.lag import Deadline, LagWatch
from chaos.sweep.cell.state import CellPlay

#: Limit for a process to play its whole part.
PATIENCE_S = 15.0
#: Between two looks at what tells nobody that it has changed.
_LOOK_S = 0.05


class Changes:
    """Changes of one cell. Whoever sees one says so from any thread; the story waits for them."""

    def __init__(self, play: CellPlay, lag: LagWatch) -> None:
        self._play = play
        self._lag = lag
        self._changed = threading.Condition()

    def notify(self) -> None:
        """Something has happened. From any thread."""
        with self._changed:
            self._changed.notify_all()

    def deadline(self, seconds: float) -> Deadline:
        """So long from now, of a machine that keeps nobody waiting."""
        return self._lag.deadline(seconds)

    def pause(self) -> None:
        """Wait for something to happen, for a moment."""
        with self._changed:
            self._changed.wait(_LOOK_S)

    def wait(self, condition: Callable[[], bool]) -> bool:
        """Wait until this is true, which a change tells; false if it is not in time. Raises
        `ForkServerGone`, but not while the cell is closed."""
        deadline = self.deadline(PATIENCE_S)
        with self._changed:
            while not (came := condition() or self._lost()) and not deadline.passed:
                self._changed.wait(max(0.0, deadline.left_s))
        if self._lost() and not self._play.closing:
            raise ForkServerGone("the fork server has ended, and with it every process of a cell")
        return came

    def _lost(self) -> bool:
        return any(process.forked.lost for process in self._play.processes)
