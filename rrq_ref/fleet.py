"""A fleet: worker processes under a parent that restarts them, and waits for their drain."""

import contextlib
import math
import os
import signal
import time
from collections.abc import Mapping
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from random import Random
from typing import NoReturn

from .attempt import Handler
from .logs import WorkerLog
from .process import leave, run_worker
from .settings import Settings
from .trouble import Backoff

_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD)
_HEALTHY_S = 10.0  # a worker that lived this long has started well; its next crash is its first
_MARGIN_S = 2.0  # how long a drain may take, beyond its own time-outs and a command under way


@dataclass(slots=True)
class _Slot:
    """One place in the fleet: a running worker, or the time at which to start the next."""

    backoff: Backoff
    pid: int | None = None
    started_at: float = 0.0
    start_at: float = 0.0  # infinity: never again, as a burst worker has left for good


class Fleet:
    """Runs `num_workers` (the CPU count) processes with the same handlers and settings.

    The parent, which may be PID 1, reaps what ends, restarts what crashed, hands SIGTERM and SIGINT
    on, and kills what outstays its drain; a second signal hurries. When the parent is killed, its
    workers notice and drain.
    """

    def __init__(
        self, handlers: Mapping[str, Handler], settings: Settings, *,
        num_workers: int | None = None, burst: bool = False,
    ) -> None:  # fmt: skip
        count = (os.cpu_count() or 1) if num_workers is None else num_workers
        if count < 1:
            raise ValueError(f"num_workers is {num_workers}; it must be at least 1")
        self._handlers = handlers
        self._settings = settings
        self._burst = burst
        self._log = WorkerLog("fleet", f"fleet_{os.getpid()}", settings.queues)
        random = Random()
        self._slots = [_Slot(Backoff(0.1, 30.0, random)) for _ in range(count)]
        #: Filled by the handler, acted on by `run`: never in the middle of a fork or a reap.
        self._signals: SimpleQueue[int] = SimpleQueue()
        self._kill_at: float | None = None  # when the drain is over; None while there is none
        self._killed = 0

    def run(self) -> int:
        """Work until every worker has left for good; 0, or 1 if one had to be killed."""
        # Only the parent holds the write end: it closes with the parent, however that dies.
        self._pipe, self._held_open = os.pipe()
        before = {n: signal.signal(n, lambda n, _: self._signals.put(n)) for n in _SIGNALS}
        try:
            while self._tend():
                with contextlib.suppress(Empty):
                    if self._signals.get(timeout=self._next_s()) != signal.SIGCHLD:
                        self._drain()
        finally:
            self._kill_all()
            for number, handler in before.items():
                signal.signal(number, handler)
            os.close(self._pipe)
            if self._kill_at is None:
                os.close(self._held_open)
        return 1 if self._killed else 0

    def _tend(self) -> bool:
        """Reap, restart, kill what outstays its drain; whether there is anything left to tend."""
        self._reap()
        now = time.monotonic()
        if self._kill_at is None:
            for slot in self._slots:
                if slot.pid is None and slot.start_at <= now:
                    slot.started_at = now
                    slot.pid = os.fork() or self._be_worker()
        elif now >= self._kill_at:
            self._kill_all()
        draining = self._kill_at is not None
        return any(s.pid or not (draining or s.start_at == math.inf) for s in self._slots)

    def _drain(self) -> None:
        """First close the pipe; asked again, hurry. The first is no signal: what signals us (a
        terminal, a service manager) may have signalled the workers too, and ours would be the
        second one, which skips the wait."""
        if self._kill_at is None:
            s = self._settings
            grace_s = s.drain_timeout_s + s.cleanup_timeout_s + s.command_timeout_ms / 1000
            self._kill_at = time.monotonic() + grace_s + _MARGIN_S
            os.close(self._held_open)
            return
        for slot in self._slots:
            if slot.pid is not None:
                os.kill(slot.pid, signal.SIGQUIT)

    def _next_s(self) -> float:
        """Until something is to be done; not long, for a signal to another thread wakes nobody."""
        starts = [slot.start_at for slot in self._slots if slot.pid is None]
        first = min(starts, default=math.inf) if self._kill_at is None else self._kill_at
        return min(max(0.0, first - time.monotonic()), 1.0)

    def _be_worker(self) -> NoReturn:
        code = 1
        try:
            for number in _SIGNALS:
                signal.signal(number, signal.SIG_DFL)
            os.close(self._held_open)
            code = run_worker(
                self._handlers, self._settings, burst=self._burst, parent_pipe=self._pipe
            )
        finally:
            leave(code)

    def _reap(self) -> None:
        with contextlib.suppress(ChildProcessError):
            while (ended := os.waitpid(-1, os.WNOHANG))[0]:  # as PID 1, also others' orphans
                for slot in self._slots:
                    if slot.pid == ended[0]:
                        self._ended(slot, os.waitstatus_to_exitcode(ended[1]))

    def _ended(self, slot: _Slot, code: int) -> None:
        pid, slot.pid = slot.pid, None
        if self._kill_at is not None:
            return
        if code == 0 and self._burst:
            slot.start_at = math.inf
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
