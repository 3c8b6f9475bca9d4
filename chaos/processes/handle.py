"""A process to watch and to signal, however the rig came by it."""

from __future__ import annotations

import signal
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from chaos.errors import ChaosError
from chaos.processes.stopped import is_pending, is_stopped
from chaos.processes.waiting import wait_until

KILL_TIMEOUT_S = 10.0
"""Limit for the kernel to carry out SIGKILL or SIGSTOP, in seconds."""

DELIVERY_TIMEOUT_S = 5.0
"""Limit for a signal to reach a process that may be blocking it, in seconds."""


class ProcessStillRunning(ChaosError):
    """A process did not end, or stop, in the time that it was given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExitStatus:
    """The end of a process: exactly one of exit code and signal number is set."""

    code: int | None
    signal: int | None

    @classmethod
    def of(cls, returncode: int) -> ExitStatus:
        """Translate `Popen.returncode`, which is the negated signal number after a signal."""
        if returncode < 0:
            return cls(code=None, signal=-returncode)
        return cls(code=returncode, signal=None)

    def __str__(self) -> str:
        if self.signal is None:
            return f"exit code {self.code}"
        names = {each.value: each.name for each in signal.Signals}
        return names.get(self.signal, f"signal {self.signal}")


class Handle(ABC):
    """One process. All methods may be called from several threads at once.

    `Child` is a child of this one, and `Process` a child that was spawned; `Forked` is a child of a
    fork server, and `Descendant` a process that one of these has started.
    """

    #: For messages.
    name: str

    #: Whether it starts no processes, so that nobody need look for any.
    childless: ClassVar[bool] = False

    @property
    @abstractmethod
    def pid(self) -> int: ...

    @property
    @abstractmethod
    def alive(self) -> bool:
        """True if the process lives; a stopped one does, a zombie does not."""

    @abstractmethod
    def signal(self, signum: int) -> bool:
        """Send a signal to this process alone. False if it had ended before."""

    @abstractmethod
    def poll(self) -> ExitStatus | None:
        """The exit status; None while it is not known here. Only the parent is told."""

    @property
    def stopped(self) -> bool:
        """True if the process is stopped, in all its threads."""
        return self.alive and is_stopped(self.pid)

    def kill(self) -> bool:
        """Send SIGKILL to this process alone. False if it had ended before."""
        return self.signal(signal.SIGKILL)

    def await_delivery(self, signum: int) -> None:
        """Wait until a signal that was sent before has reached the process. Two of one number that
        both wait for it are one. Does not wait for a process that is stopped."""
        wait_until(
            lambda: not self.alive or self.stopped or not is_pending(self.pid, signum),
            DELIVERY_TIMEOUT_S,
        )

    def pause(self) -> bool:
        """Send SIGSTOP and return when the process is stopped. False if it has ended.

        Raises ProcessStillRunning if the kernel does not stop it within KILL_TIMEOUT_S.
        """
        if not self.signal(signal.SIGSTOP):
            return False
        if not wait_until(lambda: not self.alive or self.stopped, KILL_TIMEOUT_S):
            raise ProcessStillRunning(f"{self.name} (pid {self.pid}) did not stop on SIGSTOP")
        return self.alive

    def resume(self) -> bool:
        """Send SIGCONT. False if the process had ended before."""
        return self.signal(signal.SIGCONT)

    def wait(self, timeout_s: float) -> ExitStatus | None:
        """Wait until the process has ended. Raises ProcessStillRunning.

        Returns how it ended, as `poll` does.
        """
        if not self._ends_within(timeout_s):
            raise ProcessStillRunning(
                f"{self.name} (pid {self.pid}) still ran after {timeout_s:g} s"
            )
        return self.poll()

    def _ends_within(self, timeout_s: float) -> bool:
        return wait_until(lambda: not self.alive, timeout_s)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name}>"
