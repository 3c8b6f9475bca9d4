"""Processes that one of ours has started, such as the workers of a fleet."""

import contextlib
import os
from collections.abc import Iterator

import psutil

from chaos.processes.handle import Handle


class Descendant(Handle):
    """A process that is not ours to reap, so nobody here can tell how it ended.

    It is called after its ancestor and its process id.
    """

    def __init__(self, process: psutil.Process, ancestor: str) -> None:
        self._process = process
        self.name = f"{ancestor}.{process.pid}"

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def alive(self) -> bool:
        # A zombie that its parent has not reaped yet is as dead as can be.
        try:
            # `is_running` compares the starting times, so a stranger with this id is not it.
            return self._process.is_running() and self._process.status() != psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return False

    def poll(self) -> None:
        return None

    def signal(self, signum: int) -> bool:
        if not self.alive:
            return False
        try:
            self._process.send_signal(signum)
        except psutil.NoSuchProcess:
            return False
        return True


def children_of(parent: Handle) -> list[Descendant]:
    """The processes that `parent` itself has started and that are still there."""
    with contextlib.suppress(psutil.NoSuchProcess):
        return [Descendant(child, parent.name) for child in psutil.Process(parent.pid).children()]
    return []


def descendants_of(ancestor: Handle) -> Iterator[Descendant]:
    """Its children, theirs, and so on; and whoever is left of its session when it has died."""
    known = {ancestor.pid}
    descendants: list[psutil.Process] = []
    with contextlib.suppress(psutil.NoSuchProcess):
        descendants = psutil.Process(ancestor.pid).children(recursive=True)
    for descendant in descendants:
        known.add(descendant.pid)
        yield Descendant(descendant, ancestor.name)
    for pid in psutil.pids():
        with contextlib.suppress(ProcessLookupError, PermissionError, psutil.Error):
            if pid not in known and os.getsid(pid) == ancestor.pid:
                yield Descendant(psutil.Process(pid), ancestor.name)
