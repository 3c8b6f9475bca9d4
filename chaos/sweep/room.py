"""Room for cells: for so many always, and for more while the processors have time to spare."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from chaos.sweep import slots

#: Processors that work more than this share of the time have none to spare.
_BUSY = 0.85
#: The time between two looks at them, in seconds. Each lets one more cell in.
_LOOK_S = 0.1


class Room:
    """Lets cells in, each by a thread of its own."""

    def __init__(self, sure: int, idle: Callable[[], bool] | None = None) -> None:
        """There is always room for `sure` cells. `idle` says whether there is room for one more."""
        self._sure = sure
        self._idle = idle or Processors()
        self._changed = threading.Condition()
        self._taken = 0

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Wait for room, and take it for as long as this block lasts."""
        with self._changed:
            while self._taken >= self._sure and not self._idle():
                self._changed.wait(_LOOK_S)
            self._taken += 1
        try:
            yield
        finally:
            with self._changed:
                self._taken -= 1
                self._changed.notify()


class Processors:
    """Those of this machine. For one thread at a time."""

    def __init__(self) -> None:
        self._look()

    def __call__(self) -> bool:
        """True if they had time to spare since the last look; False if that was just now."""
        if time.monotonic() - self._at < _LOOK_S:
            return False
        at, worked_s = self._at, self._worked_s
        self._look()
        return self._worked_s - worked_s < _BUSY * slots.all_cpus() * (self._at - at)

    def _look(self) -> None:
        self._at, self._worked_s = time.monotonic(), slots.worked_s()
