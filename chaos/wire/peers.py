"""Which process is at the other end of a connection.

The rig knows the process that it has started. In a fleet that is the parent, whose workers share
its listener, and a signal has to hit the one that sent the command: it is found by its socket.
"""

import contextlib
import os
import signal
import sys
import time
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import NamedTuple

import psutil

from chaos.faults import Victim

_NAP_S = 0.001
_STOP_TIMEOUT_S = 10.0


class Ends(NamedTuple):
    """A TCP connection as the process sees it: its own address, and the proxy's."""

    here: tuple[object, ...]
    there: tuple[object, ...]


class Relative:
    """A process that the attached one has started. A `Victim`."""

    def __init__(self, process: psutil.Process) -> None:
        self._process = process
        self.pid: int = process.pid

    @property
    def alive(self) -> bool:
        # A zombie that its parent has not reaped yet is as dead as can be.
        try:
            # `is_running` compares the starting times, so a stranger with this id is not it.
            return self._process.is_running() and self._process.status() != psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return False

    def kill(self) -> bool:
        return self._signal(signal.SIGKILL)

    def pause(self) -> bool:
        if not self._signal(signal.SIGSTOP):
            return False
        self._await(lambda: not self.alive or self._stands_still(), _STOP_TIMEOUT_S, "stop")
        return self.alive

    def resume(self) -> bool:
        return self._signal(signal.SIGCONT)

    def wait(self, timeout_s: float) -> None:
        """Raises TimeoutError."""
        self._await(lambda: not self.alive, timeout_s, "end")

    def _signal(self, number: int) -> bool:
        if not self.alive:
            return False
        try:
            self._process.send_signal(number)
        except psutil.NoSuchProcess:
            return False
        return True

    def _await(self, condition: Callable[[], bool], timeout_s: float, what: str) -> None:
        deadline = time.monotonic() + timeout_s
        while not condition():
            if time.monotonic() >= deadline:
                raise TimeoutError(f"process {self.pid} did not {what} within {timeout_s:g} s")
            time.sleep(_NAP_S)

    def _stands_still(self) -> bool:
        if sys.platform != "linux":
            with contextlib.suppress(psutil.NoSuchProcess):
                return bool(self._process.status() == psutil.STATUS_STOPPED)
            return False
        # Each thread halts in its own time.
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            stats = [task / "stat" for task in Path(f"/proc/{self.pid}/task").iterdir()]
            return all(stat.read_text().rpartition(")")[2].split()[0] in "Tt" for stat in stats)
        return False


def peers_of(process: Victim, wanted: Collection[Ends]) -> dict[Ends, Victim]:
    """Who holds each of these connections: the process itself, or one of its relatives.

    A connection is missing from the answer when its process has ended or has closed it. Where a
    fork has handed one down, it belongs to the ancestor, who opened it.
    """
    if getattr(process, "childless", False):  # one that says so has no relatives to look for
        return dict.fromkeys(wanted, process)
    found: dict[Ends, Victim] = {}
    for member in _family(process.pid):
        for ends in _connections(member):
            if ends in wanted and ends not in found:
                found[ends] = process if member.pid == process.pid else Relative(member)
        if len(found) == len(wanted):
            break
    return found


def _connections(process: psutil.Process) -> list[Ends]:
    with contextlib.suppress(psutil.Error, OSError):
        connections = process.net_connections(kind="tcp")
        return [Ends(tuple(c.laddr), tuple(c.raddr)) for c in connections if c.raddr]
    return []


def _family(pid: int) -> Iterator[psutil.Process]:
    """The process, its descendants, and what is left of its session when it has died."""
    known = {pid}
    descendants: list[psutil.Process] = []
    with contextlib.suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        yield process
        descendants = process.children(recursive=True)
    for descendant in descendants:
        known.add(descendant.pid)
        yield descendant
    for other in psutil.pids():
        with contextlib.suppress(ProcessLookupError, PermissionError, psutil.Error):
            if other not in known and os.getsid(other) == pid:
                yield psutil.Process(other)
