"""Forks and exits: a child inherits nothing that belongs to its worker or fleet alone."""

import atexit
import os
import signal
import sys
import threading
import traceback
from contextlib import suppress
from functools import cache
from typing import NoReturn

LEAVE_S = 5.0  # limit for `atexit` callbacks and flushing

_NAMES = ("SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT", "SIGCHLD")
_TAKEN = [each for each in signal.Signals if each.name in _NAMES]  # Windows lacks some
_defaults: dict[int, signal.Handlers] = {}  # for each signal that we handle, a child's handler
_private: set[int] = set()  # descriptors that a child must not hold
_masks: dict[int, set[int]] = {}  # for each forking thread, the signals it had blocked before


def asked_to_leave() -> list[signal.Signals]:
    """The signals that drain: SIGTERM, SIGINT, and SIGHUP unless it is ignored, as under nohup."""
    ignored = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    return [signal.SIGTERM, signal.SIGINT, *([] if ignored else [signal.SIGHUP])]


def keep_from_children(*descriptors: int) -> None:
    """Keep these descriptors, our signal handlers and our event loop from every child that this
    process forks from now on.

    Signals that are ignored now stay ignored. The event loop is at risk because a fork shares the
    descriptor to which Python writes signals: a signal to the child would reach us too.
    """
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
        for stream in (sys.stdout, sys.stderr):  # else the child prints our buffered text again
            with suppress(Exception):  # it may be closed, broken, None, or any other object
                stream.flush()
        # A signal to the child waits until the child's handlers have been reset.
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
    share_with_children()  # the child's own children inherit what it sets up itself
    _unblock()
    if interrupt is signal.SIG_DFL:  # Python's handler comes last: raising in here would be lost
        signal.signal(signal.SIGINT, signal.default_int_handler)


class OnlyHere:
    """A block that only the process that entered it can leave. A child that a handler forked ends
    here; otherwise it would go on as a second worker, on the same connections."""

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
    """Run the `atexit` callbacks, flush, and end the process within `LEAVE_S`. Neither a handler's
    thread that refuses to die nor a callback that hangs may keep the process alive."""
    try:
        late = threading.Timer(LEAVE_S, os._exit, [code])
        late.daemon = True
        late.start()
        atexit._run_exitfuncs()  # among them the logging module's
        sys.stdout.flush()
        sys.stderr.flush()
    finally:  # whatever is wrong with the streams
        os._exit(code)
