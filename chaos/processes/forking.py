"""Children that die with their parent, and the one way to fork one."""

import ctypes
import os
import signal
import sys
import traceback
from collections.abc import Callable

from chaos.processes.child import Child

_PR_SET_PDEATHSIG = 1

if sys.platform == "linux":
    # Looked up before any fork: loading a library in the child could wait for a lock for ever.
    _prctl = ctypes.CDLL(None, use_errno=True).prctl


def die_with_parent(signum: int = signal.SIGKILL, *, parent: int | None = None) -> None:
    """Let the kernel send this process `signum` when the thread that started it ends. Linux only.

    A child that knows its `parent` gives it: if that has already ended, the child ends at once. The
    setting survives an exec, but not a fork: children of the child lack it.
    """
    if sys.platform != "linux":
        return
    _prctl(_PR_SET_PDEATHSIG, signum, 0, 0, 0)
    if parent is not None and os.getppid() != parent:  # it died before the setting was made
        os._exit(1)


def fork(work: Callable[[], object], *, name: str = "child") -> Child:
    """Fork a child that does `work` and dies with its parent.

    The child never returns from here. It ends as a program that calls `work` would: with exit code
    0, with that of a `SystemExit`, or with 1 and a traceback. Call this only where there is one
    thread: another would not live on in the child, and a lock that it held would stay locked.
    """
    _flush()  # or the child would say it again
    parent = os.getpid()
    if pid := os.fork():
        return Child(pid, name)
    code = 1
    try:
        die_with_parent(parent=parent)
        work()
        code = 0
    except SystemExit as leaving:
        code = leaving.code if isinstance(leaving.code, int) else int(leaving.code is not None)
    except BaseException:  # noqa: BLE001 - a child must not go on with what its parent was doing
        traceback.print_exc()
    finally:
        try:
            _flush()
        finally:
            os._exit(code)


def _flush() -> None:
    sys.stdout.flush()
    sys.stderr.flush()
