"""Forked processes: children get nothing of what is a worker's or a fleet's alone; the way out."""

import atexit
import os
import signal
import sys
import threading
import traceback
from contextlib import suppress
from typing import NoReturn

LEAVE_S = 5.0  # how long callbacks of `atexit` and flushing may take
_NAMES = ("SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT", "SIGCHLD")
_TAKEN: list[int] = [
    getattr(signal, name) for name in _NAMES if hasattr(signal, name)
]  # Windows lacks some

_defaults: dict[
    int, signal.Handlers
] = {}  # by signal that this process handles: what a child gets instead
_private: set[int] = set()  # descriptors that a child must not hold


class _Mask(threading.local):
    before: set[int] | None = None


_mask = _Mask()


def asked_to_leave() -> list[int]:
    """The signals that drain: SIGTERM, SIGINT, and SIGHUP unless it is ignored, as under nohup."""
    ignored = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    return [signal.SIGTERM, signal.SIGINT, *([] if ignored else [signal.SIGHUP])]


def keep_from_children(*descriptors: int) -> None:
    """From now on a child that this process forks has none of these descriptors, default handling
    of the signals that we take, and no way to our event loop: the descriptor that Python writes
    signals to is shared after a fork, so a signal to the child would be one to us.

    Called before our handlers are installed. A signal that is ignored now stays so in children.
    """
    if not _defaults:
        _register()
    for number in _TAKEN:
        ignored = signal.getsignal(number) is signal.SIG_IGN
        _defaults[number] = signal.SIG_IGN if ignored else signal.SIG_DFL
    _private.update(descriptors)


def share_with_children() -> None:
    """Undo `keep_from_children`."""
    _defaults.clear()
    _private.clear()


_registered = False


def _register() -> None:
    global _registered
    if not _registered:
        _registered = True
        os.register_at_fork(
            before=_before_fork, after_in_parent=_unblock, after_in_child=_become_child
        )


def _before_fork() -> None:
    if not _defaults:
        return
    for stream in (sys.stdout, sys.stderr):  # else the child prints our buffered text once more
        with suppress(Exception):  # it may be closed, broken, None, or somebody's own
            stream.flush()
    # A signal that comes to the child before its handlers are reset waits until they are.
    _mask.before = signal.pthread_sigmask(signal.SIG_BLOCK, _TAKEN)


def _unblock() -> None:
    if _mask.before is not None:
        signal.pthread_sigmask(signal.SIG_SETMASK, _mask.before)
        _mask.before = None


def _become_child() -> None:
    if not _defaults:
        return
    signal.set_wakeup_fd(-1)
    for number, default in _defaults.items():
        signal.signal(number, default)
    for descriptor in _private:
        with suppress(OSError):
            os.close(descriptor)
    interrupt = _defaults[signal.SIGINT]
    share_with_children()  # its own children get what it makes of itself
    _unblock()
    if interrupt is signal.SIG_DFL:  # Python's own is last: what it raises in here would be lost
        signal.signal(signal.SIGINT, signal.default_int_handler)


class OnlyHere:
    """A block that is left by the process that entered it. A child that is forked in it, as by a
    handler that leaves with `sys.exit`, ends there: what comes next is its parent's to do."""

    __slots__ = ("_pid",)

    def __enter__(self) -> None:
        self._pid = os.getpid()

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if os.getpid() == self._pid:
            return
        code = error.code if isinstance(error, SystemExit) else error and 1
        if error is not None and not isinstance(error, SystemExit):
            traceback.print_exception(error)
        leave(code if isinstance(code, int) else int(code is not None))


def leave(code: int) -> NoReturn:
    """Run the callbacks of `atexit`, flush, and end the process: now, or at most `LEAVE_S` later. A
    handler's thread that refuses to die must not keep it alive, nor a callback that hangs."""
    try:
        late = threading.Timer(LEAVE_S, os._exit, [code])
        late.daemon = True
        late.start()
        atexit._run_exitfuncs()  # the logging module's is one of them
        sys.stdout.flush()
        sys.stderr.flush()
    finally:  # whatever is wrong with the streams
        os._exit(code)
