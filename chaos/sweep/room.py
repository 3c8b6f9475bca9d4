"""Room for cells: for so many always, and for more while the processors have time to spare."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from chaos.sweep import slots

#: Processors that work more than this share of the time have none to spare.
_BUSY = 0.85
#: The time between two looks at them, in seconds. Each lets one more cell in.
_LOOK_S = 0.03
#: What they worked in this time counts: in less of it, the system's ticks are too few.
_SPAN_S = 0.1


class Room:
    """Lets cells in, each by a thread of its own."""

    def __init__(self, sure: int, idle: Callable[[], bool] | None = None) -> None:
        """There is always room for `sure` cells. `idle` says whether there is room for one more."""
        self._sure = sure
        self._idle = idle or Processors()
        #: Held by the one who is next: on a busy machine many that look would only be in the way.
        self._door = threading.Lock()
        self._changed = threading.Condition()
        self._taken = 0

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Wait for room, and take it for as long as this block lasts."""
        with self._door, self._changed:
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
        #: The times of looks, and what they had worked until then: the last ones, within a span.
        self._looks = deque([(time.monotonic(), slots.worked_s())])

    def __call__(self) -> bool:
        """True if they had time to spare lately; False if the last look was just now."""
        now = time.monotonic()
        if now - self._looks[-1][0] < _LOOK_S:
            return False
        worked_s = slots.worked_s()
        self._looks.append((now, worked_s))
        while now - self._looks[1][0] >= _SPAN_S:
            self._looks.popleft()
        at, before_s = self._looks[0]
        spare = worked_s - before_s < _BUSY * slots.all_cpus() * (now - at)
        return spare and now - at >= _SPAN_S
