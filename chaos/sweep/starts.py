"""The starts of processes: a few at a time, however many cells there are.

A worker that waits takes no processor time, and one that starts takes all that it gets. Many that
start together would starve those that hold a lease meanwhile, and a sound queue would be accused.
"""

from __future__ import annotations

import threading

#: A start that takes longer is not waited for any more.
_LONGEST_S = 10.0


class Starts:
    """So many processes may start at a time."""

    def __init__(self, at_once: int) -> None:
        self._room = threading.BoundedSemaphore(at_once)

    def begin(self) -> Start:
        """Wait for room. From any thread."""
        return Start(self._room if self._room.acquire(timeout=_LONGEST_S) else None)


class Start:
    """One process that starts, until it is there, or gone."""

    def __init__(self, room: threading.BoundedSemaphore | None) -> None:
        self._room = room
        self._lock = threading.Lock()

    def end(self) -> None:
        """It has started. Does nothing when called again."""
        with self._lock:
            room, self._room = self._room, None
        if room is not None:
            room.release()
