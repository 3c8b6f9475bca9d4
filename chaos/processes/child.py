"""A child of this process, whoever started it."""

import os
import threading

from chaos.processes.handle import ExitStatus, Handle


class Child(Handle):
    """A child of this process, which reaps it.

    Signals are sent under the lock under which the child is reaped, so a signal cannot reach a
    stranger who inherited the process id.
    """

    def __init__(self, pid: int, name: str) -> None:
        self.name = name
        self._pid = pid
        self._lock = threading.Lock()
        self._status: ExitStatus | None = None

    @property
    def pid(self) -> int:
        return self._pid

    @property
    def alive(self) -> bool:
        return self.poll() is None

    def poll(self) -> ExitStatus | None:
        """Reap the process if it has ended. None while it lives."""
        with self._lock:
            return self._poll()

    def signal(self, signum: int) -> bool:
        with self._lock:
            if self._poll() is not None:
                return False
            os.kill(self._pid, signum)
            return True

    def wait(self, timeout_s: float) -> ExitStatus:
        """Wait until the process has ended, and tell how. Raises ProcessStillRunning."""
        # Polls, because a blocking wait would hold the lock that another thread needs to kill.
        status = super().wait(timeout_s)
        assert status is not None
        return status

    def _poll(self) -> ExitStatus | None:
        if self._status is None:
            ended, status = os.waitpid(self._pid, os.WNOHANG)
            if ended:
                self._status = ExitStatus.of(os.waitstatus_to_exitcode(status))
        return self._status
