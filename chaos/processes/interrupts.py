"""Signals to the rig itself become one exception, so that it leaves its `with` blocks."""

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType
from typing import NoReturn


class Interrupted(KeyboardInterrupt):
    """A signal asked the rig to leave. `signum` is its number."""

    def __init__(self, signum: int) -> None:
        super().__init__(f"interrupted by {signal.Signals(signum).name}")
        self.signum = signum


class _Signals:
    """The signals that have come in while `on_signals` is in force."""

    def __init__(self) -> None:
        self.raised = False
        self.holders = 0
        self.pending: int | None = None

    def handle(self, signum: int, _frame: FrameType | None) -> None:
        if self.raised:
            return  # The first one is being carried out: a second must not cut the clean-up short.
        if self.holders:
            self.pending = self.pending or signum
            return
        self.interrupt(signum)

    def interrupt(self, signum: int) -> NoReturn:
        self.raised = True
        raise Interrupted(signum)


def _nothing(_signum: int, _frame: FrameType | None) -> None:
    """Heed no signal."""


_active: list[_Signals] = []


@contextlib.contextmanager
def on_signals() -> Iterator[None]:
    """Within this block SIGTERM, SIGINT and SIGHUP raise one `Interrupted` in the main thread.

    Put it around the blocks that clean up: further signals are ignored until it is left. A signal
    that the rig was started to ignore (by nohup, or by a shell in the background) changes nothing
    here; but the processes that the rig starts hear it, as they would anywhere else.
    """
    signals = _Signals()
    previous = {}
    _active.append(signals)
    try:
        for signum in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT):
            if signal.getsignal(signum) is signal.SIG_IGN:
                # A new program inherits what is ignored, but not what is handled.
                previous[signum] = signal.signal(signum, _nothing)
            elif signum != signal.SIGQUIT:
                previous[signum] = signal.signal(signum, signals.handle)
        yield
    finally:
        for signum, handler in previous.items():
            signal.signal(signum, signal.SIG_DFL if handler is None else handler)
        _active.remove(signals)


@contextlib.contextmanager
def held_back() -> Iterator[None]:
    """Hold `Interrupted` back until this block ends, for steps that must not be cut in two."""
    if not _active or threading.current_thread() is not threading.main_thread():
        yield
        return
    signals = _active[-1]
    signals.holders += 1
    try:
        yield
    finally:
        signals.holders -= 1
        if not signals.holders and signals.pending is not None and not signals.raised:
            signals.interrupt(signals.pending)
