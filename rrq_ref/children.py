"""Forks: a child gets nothing of what is a worker's or a fleet's alone. And the way out."""

import atexit
import os
import signal
import sys
import threading
import traceback
from contextlib import suppress
from functools import cache
from typing import NoReturn

LEAVE_S = 5.0  # how long callbacks of `atexit` and flushing may take

_NAMES = ("SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT", "SIGCHLD")
_TAKEN = [each for each in signal.Signals if each.name in _NAMES]  # Windows lacks some
_defaults: dict[int, signal.Handlers] = {}  # by signal that we may handle: what a child gets
_private: set[int] = set()  # descriptors that a child must not hold
_masks: dict[int, set[int]] = {}  # by thread that forks: the signals it had blocked before


def asked_to_leave() -> list[signal.Signals]:
    """The signals that drain: SIGTERM, SIGINT, and SIGHUP unless it is ignored, as under nohup."""
    ignored = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    return [signal.SIGTERM, signal.SIGINT, *([] if ignored else [signal.SIGHUP])]


def keep_from_children(*descriptors: int) -> None:
    """From now on a child that this process forks has none of these descriptors, no handler of ours
    (what is ignored now stays so), and no way to our event loop: the descriptor that Python writes
    signals to is shared by a fork, so a signal to the child would be one to us."""
    for number in _TAKEN:
        ignored = signal.getsignal(number) is signal.SIG_IGN
        _defaults[number] = signal.SIG_IGN if ignored else signal.SIG_DFL
    _private.update(descriptors)
    _register()


def share_with_children() -> None:
    """Undo `keep_from_children`."""
    _defaults.clear()
    _private.clear()


@cache
def _register() -> None:
    os.register_at_fork(before=_before, after_in_parent=_unblock, after_in_child=_become_child)


def _before() -> None:
    if _defaults:
        for stream in (sys.stdout, sys.stderr):  # else the child prints our buffered text once more
            with suppress(Exception):  # it may be closed, broken, None, or somebody's own
                stream.flush()
        # A signal that comes to the child before its handlers are reset waits until they are.
        _masks[threading.get_ident()] = signal.pthread_sigmask(signal.SIG_BLOCK, _TAKEN)


def _unblock() -> None:
    if (mask := _masks.pop(threading.get_ident(), None)) is not None:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


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
    if interrupt is signal.SIG_DFL:  # Python's own comes last: what it raises in here would be lost
        signal.signal(signal.SIGINT, signal.default_int_handler)


class OnlyHere:
    """A block that is left only by the process that entered it. A child that a handler has forked
    ends where it would go on as a second worker, on the same connections."""

    def __enter__(self) -> None:
        self._pid = os.getpid()

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if os.getpid() == self._pid:
            return
        if not isinstance(error, SystemExit | None):
            traceback.print_exception(error)
        code = getattr(error, "code", error and 1)
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
