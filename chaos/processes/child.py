"""A child that this process has forked itself."""

from __future__ import annotations

import os
import select
import signal
from collections.abc import Callable
from typing import Self

from chaos.processes.forking import fork
from chaos.processes.handle import ExitStatus, Handle


class Child(Handle):
    """A process forked here, and reaped here once it has ended. Linux only; for one thread."""

    def __init__(self, name: str, pid: int) -> None:
        self.name = name
        self._pid = pid
        self._pidfd = os.pidfd_open(pid)
        self._status: ExitStatus | None = None

    @classmethod
    def fork(cls, name: str, work: Callable[[], object]) -> Self:
        """Fork a child that does `work` (see `chaos.processes.fork`)."""
        return cls(name, fork(work))

    @property
    def pid(self) -> int:
        return self._pid

    @property
    def alive(self) -> bool:
        return self.poll() is None

    def poll(self) -> ExitStatus | None:
        if self._status is None and select.select([self._pidfd], [], [], 0)[0]:
            returncode = os.waitstatus_to_exitcode(os.waitpid(self._pid, 0)[1])
            self._status = ExitStatus.of(returncode)
        return self._status

    def signal(self, signum: int) -> bool:
        if not self.alive:
            return False
        signal.pidfd_send_signal(self._pidfd, signum)
        return True

    def close(self) -> None:
        os.close(self._pidfd)

    def _ends_within(self, timeout_s: float) -> bool:
        if self._status is None:
            select.select([self._pidfd], [], [], timeout_s)
        return not self.alive
