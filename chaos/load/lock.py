"""A lock that tells the supervisor when all producers have stopped, even if one was killed.

Each process that enqueues holds a shared lock on a file of the run directory; the kernel lets go of
it for a process that dies. At the end the supervisor takes the lock for itself, and keeps it.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path


class ProducersLock:
    """One process's side of the lock on the file at `path`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._fd: int | None = None

    def create(self) -> None:
        """Make the file, on the supervisor's side."""
        self._fd = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)

    def close_for_all(self) -> bool:
        """Let no producer in from now on, as long as this process lives. False while there is
        still one."""
        assert self._fd is not None
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def enter(self) -> bool:
        """Be a producer from now on. False once the supervisor has closed the lock for all."""
        if self._fd is not None:
            return True
        fd = os.open(self._path, os.O_RDWR | os.O_CLOEXEC)
        try:
            fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(fd)
            return False
        self._fd = fd
        return True

    def leave(self) -> None:
        """Enqueue nothing more, until the next `enter`."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None
