"""A look at whether a process is stopped, and at the signals that wait for it."""

import contextlib
import sys
from pathlib import Path

import psutil

#: States of a thread that no longer runs code: stopped, traced, ended.
_STOPPED, _ENDED = {"T", "t"}, {"Z", "X"}


def is_stopped(pid: int) -> bool:
    """True if every thread of a process has halted after SIGSTOP. False if the process is gone.

    SIGSTOP is only sent when `kill` returns, and each thread halts in its own time. The state that
    `ps` shows is that of the first thread, while others may still be on their way.
    """
    if sys.platform != "linux":
        with contextlib.suppress(psutil.NoSuchProcess):
            return bool(psutil.Process(pid).status() == psutil.STATUS_STOPPED)
        return False
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        tasks = Path(f"/proc/{pid}/task")
        threads = set(tasks.iterdir())
        states = {_state(thread) for thread in threads}
        # A thread that was started after the list was read is not on it. Once one thread has
        # halted, none can be started.
        return (
            bool(states & _STOPPED)
            and states <= _STOPPED | _ENDED
            and set(tasks.iterdir()) == threads
        )
    return False


def halted(pid: int) -> bool | None:
    """True if the first thread of a process is stopped; None if the process has ended. It takes
    much less than `is_stopped`, for who looks again and again."""
    if sys.platform != "linux":
        with contextlib.suppress(psutil.NoSuchProcess):
            status = psutil.Process(pid).status()
            return None if status == psutil.STATUS_ZOMBIE else status == psutil.STATUS_STOPPED
        return None
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        state = _state(Path(f"/proc/{pid}"))
        return None if state in _ENDED else state in _STOPPED
    return None


def is_pending(pid: int, signum: int) -> bool:
    """True if a signal waits to be delivered to a process. False if it is gone, or not on Linux."""
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("ShdPnd:"):
                return bool(int(line.split()[1], 16) & 1 << signum - 1)
    return False


def _state(thread: Path) -> str:
    # The name, in brackets, may hold anything.
    return (thread / "stat").read_text().rpartition(")")[2].split()[0]
