"""Processes, and what they have started."""

from __future__ import annotations

import ctypes
import os
import signal
from contextlib import suppress
from pathlib import Path

_PR_SET_CHILD_SUBREAPER = 36


def adopt_orphans() -> None:
    """Become the parent of whatever this process starts and whose own parent dies."""
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def family(pid: int) -> list[int]:
    """A process and all that it has started, and they have, itself first."""
    parents = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            parents[int(path.parent.name)] = int(_state(path)[1])
    found = [pid]
    for each in found:  # it grows meanwhile
        found += [child for child, parent in parents.items() if parent == each]
    return found


def lives(pid: int) -> bool:
    """True if a process is there, and is no zombie."""
    with suppress(OSError):
        return _state(Path(f"/proc/{pid}/stat"))[0] != "Z"
    return False


def signal_family(pid: int, number: int) -> None:
    """Send a signal to a process and all that it has started."""
    if number == signal.SIGKILL:
        signal_family(pid, signal.SIGSTOP)  # so that nobody starts another one meanwhile
    for each in family(pid):
        if each != os.getpid():
            with suppress(ProcessLookupError):
                os.kill(each, number)


def end_all() -> None:
    """Kill all that this process has started, and wait until it is gone."""
    while len(family(os.getpid())) > 1:
        signal_family(os.getpid(), signal.SIGKILL)
        with suppress(ChildProcessError):
            os.waitpid(-1, 0)


def _state(path: Path) -> list[str]:
    """The words of /proc/PID/stat after the program's name, which may have any signs."""
    return path.read_text(errors="replace").rpartition(")")[2].split()
