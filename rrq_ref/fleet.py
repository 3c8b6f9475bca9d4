"""A fleet: worker processes under a parent that restarts them, and waits for their drain."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import time
from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from types import FrameType

from .attempt import Handler
from .logs import WorkerLog
from .process import leave, run_worker
from .settings import Settings
from .trouble import Backoff

_ASKS = (signal.SIGTERM, signal.SIGINT)
#: A worker that lived this long has started well; its next crash is its first.
_HEALTHY_S = 10.0
#: Beyond the drain and the clean-up, before a worker is killed.
_MARGIN_S = 2.0


@dataclass(slots=True)
class _Slot:
    """One place in the fleet: a running worker, or the time at which to start the next."""

    backoff: Backoff
    pid: int | None = None
    started_at: float = 0.0
    start_at: float = 0.0
    #: Burst workers leave for good.
    done: bool = False


class Fleet:
    """Runs `num_workers` (the CPU count) processes with the same handlers and settings.

    The parent reaps what ends, restarts what crashed (backing off), forwards SIGTERM and SIGINT,
    waits for the drain, and kills what outstays it. It may be PID 1. When it is killed itself, its
    workers notice and drain.
    """

    def __init__(
        self,
        handlers: Mapping[str, Handler],
        settings: Settings,
        *,
        num_workers: int | None = None,
        burst: bool = False,
    ) -> None:
        count = num_workers or os.cpu_count() or 1
        if count < 1:
            raise ValueError(f"num_workers is {num_workers}; it must be at least 1")
        self._handlers = handlers
        self._settings = settings
        self._burst = burst
        self._log = WorkerLog("fleet", f"fleet_{os.getpid()}", settings.queues)
        random = Random()
        self._slots = [_Slot(Backoff(0.1, 30.0, random)) for _ in range(count)]
        self._kill_at: float | None = None
        self._killed = 0

    def run(self) -> int:
        """Work until every worker has left for good; 0, or 1 if one had to be killed."""
        # Only the parent holds the write end: it closes with the parent, however that dies.
        self._pipe = os.pipe()
        woken, waker = os.pipe()
        os.set_blocking(waker, False)
        os.set_blocking(woken, False)
        numbers = (*_ASKS, signal.SIGCHLD)
        before = {number: signal.signal(number, self._on_signal) for number in numbers}
        wakeup = signal.set_wakeup_fd(waker, warn_on_full_buffer=False)
        try:
            while self._tend():
                select.select([woken], [], [], self._next_s())
                with contextlib.suppress(BlockingIOError):
                    os.read(woken, 4096)
        finally:
            self._kill_all()
            signal.set_wakeup_fd(wakeup)
            for number, handler in before.items():
                signal.signal(number, handler)
            for end in (*self._pipe, woken, waker):
                os.close(end)
        return 1 if self._killed else 0

    def _on_signal(self, number: int, _: FrameType | None) -> None:
        if number != signal.SIGCHLD:
            self._ask()

    def _ask(self) -> None:
        """Tell the workers to drain; when asked again, to hurry."""
        number = signal.SIGTERM if self._kill_at is None else signal.SIGQUIT
        if self._kill_at is None:
            s = self._settings
            self._kill_at = time.monotonic() + s.drain_timeout_s + s.cleanup_timeout_s + _MARGIN_S
        for slot in self._slots:
            if slot.pid is not None:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(slot.pid, number)

    # One turn

    def _tend(self) -> bool:
        """Reap, restart, and kill what outstays; whether there is anything left to tend."""
        self._reap()
        now = time.monotonic()
        if self._kill_at is not None:
            if now >= self._kill_at:
                self._kill_all()
        else:
            for slot in self._slots:
                if slot.pid is None and not slot.done and slot.start_at <= now:
                    self._spawn(slot)
        draining = self._kill_at is not None
        return any(s.pid is not None or not (s.done or draining) for s in self._slots)

    def _next_s(self) -> float:
        """Until something has to be done without being woken; signals wake us before."""
        now = time.monotonic()
        starts = [s.start_at - now for s in self._slots if s.pid is None and not s.done]
        kill = [] if self._kill_at is None else [self._kill_at - now]
        return max(0.0, min([*starts, *kill, 60.0]))

    def _spawn(self, slot: _Slot) -> None:
        # Held back until the worker is listed here and, over there, has handlers of its own: a
        # signal in between would be forwarded past it, or by it.
        signal.pthread_sigmask(signal.SIG_BLOCK, _ASKS)
        if self._kill_at is None:
            slot.pid = os.fork()
            if slot.pid == 0:
                self._be_worker()
            slot.started_at = time.monotonic()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _ASKS)

    def _be_worker(self) -> None:
        code = 1
        try:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            os.close(self._pipe[1])
            code = run_worker(
                self._handlers, self._settings, burst=self._burst, parent_pipe=self._pipe[0]
            )
        finally:
            leave(code)

    def _reap(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)  # as PID 1, also others' orphans
            except ChildProcessError:
                return
            if pid == 0:
                return
            for slot in self._slots:
                if slot.pid == pid:
                    self._ended(slot, os.waitstatus_to_exitcode(status))

    def _ended(self, slot: _Slot, code: int) -> None:
        pid, slot.pid = slot.pid, None
        if self._kill_at is not None:
            return
        if code == 0 and self._burst:
            slot.done = True
            return
        now = time.monotonic()
        if now - slot.started_at > _HEALTHY_S:
            slot.backoff.reset()
        delay_s = slot.backoff.next()
        slot.start_at = now + delay_s
        self._log.warning("worker %d left with %d; restarting in %.1f s", pid, code, delay_s)

    def _kill_all(self) -> None:
        for slot in self._slots:
            if slot.pid is not None:
                self._log.error("worker %d outstayed its drain; killing it", slot.pid)
                self._killed += 1
                os.kill(slot.pid, signal.SIGKILL)
                os.waitpid(slot.pid, 0)
                slot.pid = None
