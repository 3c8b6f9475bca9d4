"""A fleet: worker processes under a parent that restarts them and waits for their drain."""

import contextlib
import math
import os
import signal
import sys
import time
import weakref
from collections.abc import Mapping
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from random import Random
from typing import NoReturn

from redis.exceptions import AuthenticationError

from .attempt import Handler, checked
from .children import LEAVE_S, asked_to_leave, keep_from_children, leave, share_with_children
from .connection import connect_plain
from .cpus import usable_cpus, waited_for_cpu_s
from .errors import StoreError, StoreRefused, StoreUnavailable
from .hooks import Hooks
from .logs import WorkerLog
from .process import check_system, run_worker, touch
from .settings import Settings
from .store import translated
from .trouble import Backoff

_TURN_S = 1.0  # longest time between two looks of the parent at everything
_HEALTHY_S = 10.0  # a worker that lived this long started well; its next crash counts as the first
_MARGIN_S = 2.0  # time for a drain beyond its own time-outs and a command under way


@dataclass(slots=True)
class _Slot:
    """One place in the fleet: a running worker, or the time at which to start the next."""

    backoff: Backoff
    pid: int | None = None
    started_at: float = 0.0
    start_at: float = 0.0  # infinity: never again, because a burst worker found nothing left
    word: str = ""  # the worker's last report: that it lives, or how it leaves
    silent_s: float = 0.0  # time since then in which the worker had a CPU, or wanted none
    starved_s: float = 0.0  # total time that the worker has waited for a CPU
    early_crashes: int = 0  # in a row


class Fleet:
    """Runs `num_workers` processes with the same handlers and settings; by default one for each
    usable CPU.

    The parent, which may be PID 1, reaps workers that end and restarts those that crashed. On
    SIGTERM, SIGINT or SIGHUP it drains them, and kills those that outstay their drain; a second
    signal, or SIGQUIT, hurries them. If the parent is killed, its workers notice and drain.
    Raises `RRQError` on a system without fork.
    """

    def __init__(
        self, handlers: Mapping[str, Handler], settings: Settings, *,
        num_workers: int | None = None, burst: bool = False, hooks: Hooks | None = None,
    ) -> None:  # fmt: skip
        check_system()
        count = usable_cpus() if num_workers is None else num_workers
        if count < 1:
            raise ValueError(f"num_workers is {num_workers}; it must be at least 1")
        touch(settings.alive_file)
        self._handlers = checked(handlers)
        self._hooks = hooks
        self._settings = settings
        self._burst = burst
        self._log = WorkerLog("fleet", f"fleet_{os.getpid()}", settings.queues)
        random = Random()
        self._slots = [_Slot(Backoff(0.1, 30.0, random)) for _ in range(count)]
        #: Filled by the signal handler, and acted on by `run`: never during a fork or a reap.
        self._signals: SimpleQueue[int] = SimpleQueue()
        self._kill_at: float | None = None  # the end of the drain; None while there is none
        self._looked_at = math.inf  # the time of the parent's last turn
        self._failed = False

    def run(self) -> int:
        """Work until every worker has left for good. Returns the exit code.

        It is 1 if a worker had to be killed after its drain or kept crashing, or if a burst fleet
        left before queues and locks were empty; else 0. Raises `StoreError` if the server says that
        this URL can never work.
        """
        # Only the parent holds the writing end, so it closes however the parent dies.
        self._pipe, self._say_leave = os.pipe()
        self._reports, self._report_to = os.pipe()
        pipes = (self._pipe, self._say_leave, self._reports, self._report_to)
        for pipe in pipes:
            os.set_blocking(pipe, False)
        keep_from_children(self._say_leave, self._reports)
        taken = (*asked_to_leave(), signal.SIGQUIT, signal.SIGCHLD)
        before = {n: signal.signal(n, lambda n, _: self._signals.put(n)) for n in taken}
        try:
            _check_url(self._settings)  # reported once, not again and again by every worker
            while self._tend():
                with contextlib.suppress(Empty):
                    number = self._signals.get(timeout=self._next_s())
                    if number != signal.SIGCHLD:
                        self._drain(hurry=number == signal.SIGQUIT)
        finally:
            self._kill_all()
            for number, handler in before.items():
                signal.signal(number, handler)
            share_with_children()
            for pipe in pipes:
                os.close(pipe)
        if self._burst and any(slot.start_at < math.inf for slot in self._slots):
            self._log.error("left before all was done")
            return 1
        return 1 if self._failed else 0

    def _tend(self) -> bool:
        """Reap and restart workers, and kill those that hang or outstay their drain. Returns
        whether there is more to tend."""
        self._reap()
        now = time.monotonic()
        if self._kill_at is None:
            self._kill_hung(now)
            for slot in self._slots:
                if slot.pid is None and slot.start_at <= now:
                    self._start(slot, now)
        elif now >= self._kill_at:
            self._kill_all()
        self._looked_at = now
        with contextlib.suppress(ValueError):
            touch(self._settings.alive_file)
        draining = self._kill_at is not None
        return any(s.pid or not (draining or s.start_at == math.inf) for s in self._slots)

    def _start(self, slot: _Slot, now: float) -> None:
        slot.started_at, slot.word, slot.silent_s, slot.starved_s = now, "", 0.0, 0.0
        try:
            slot.pid = os.fork() or self._be_worker()
        except OSError as error:  # too many processes, too little memory
            self._crashed(slot, f"a worker could not be forked: {error}")

    def _kill_hung(self, now: float) -> None:
        """Kill workers whose loop has not turned for too long, unless it could not: time without a
        CPU does not count, and if this parent was late itself, every worker's count starts anew."""
        limit_s, turn_s = self._settings.hung_after_s, now - self._looked_at
        watched = [(slot, slot.pid) for slot in self._slots if slot.pid is not None and limit_s]
        for slot, pid in watched:
            before_s, slot.starved_s = slot.starved_s, waited_for_cpu_s(pid)
            slot.silent_s += max(0.0, turn_s - max(0.0, slot.starved_s - before_s))
        self._listen()  # last: of a turn in which a worker was heard, nothing counts
        for slot, pid in watched:
            if turn_s > 2 * _TURN_S:
                slot.silent_s = 0.0
            elif slot.silent_s > limit_s:
                text = "the loop of worker %d has not turned for %.1f s; killing it"
                self._log.error(text, pid, limit_s)
                os.kill(pid, signal.SIGKILL)
                slot.silent_s = 0.0

    def _listen(self) -> None:
        """Note the last word of each worker. One read takes all that the pipe can hold, and each
        line is whole because it was written at once."""
        with contextlib.suppress(BlockingIOError):
            lines = os.read(self._reports, 1 << 16).decode().splitlines()
            words = dict(line.split() for line in lines)
            for slot in self._slots:
                if str(slot.pid) in words:
                    slot.word, slot.silent_s = words[str(slot.pid)], 0.0

    def _drain(self, *, hurry: bool = False) -> None:
        """Drain the workers; with `hurry`, or when called again, do not let their jobs go on.

        The first call writes to the pipe and sends no signal. A terminal or a service manager that
        signals us may have signalled the workers too. Our signal would then be their second, and a
        second signal skips the wait.
        """
        if self._kill_at is not None:
            hurry = True
        else:
            s = self._settings
            grace_s = s.drain_timeout_s + s.cleanup_timeout_s + s.command_timeout_ms / 1000
            grace_s += 2 * self._hooks.timeout_s if self._hooks else 0
            self._kill_at = time.monotonic() + grace_s + LEAVE_S + _MARGIN_S
            os.write(self._say_leave, b"leave\n")  # read by nobody, so all see it
        for slot in self._slots:
            if hurry and slot.pid is not None:
                os.kill(slot.pid, signal.SIGQUIT)

    def _next_s(self) -> float:
        """Seconds until there is something to do; at most `_TURN_S`, because a signal that another
        thread receives does not wake this one."""
        starts = [slot.start_at for slot in self._slots if slot.pid is None]
        first = min(starts, default=math.inf) if self._kill_at is None else self._kill_at
        return min(max(0.0, first - time.monotonic()), _TURN_S)

    def _be_worker(self) -> NoReturn:
        code = 1
        try:
            # These would clean up after the parent: its temporary folders, its children.
            vars(weakref.finalize)["_registry"].clear()
            getattr(sys.modules.get("multiprocessing.process"), "_children", set()).clear()
            code = run_worker(
                self._handlers, self._settings, burst=self._burst, hooks=self._hooks,
                parent_pipe=self._pipe, report_pipe=self._report_to,
            )  # fmt: skip
        finally:
            leave(code)

    def _reap(self) -> None:
        with contextlib.suppress(ChildProcessError):
            while (ended := os.waitpid(-1, os.WNOHANG))[0]:  # PID 1 reaps foreign orphans too
                self._listen()
                for slot in self._slots:
                    if slot.pid == ended[0]:
                        self._ended(slot, os.waitstatus_to_exitcode(ended[1]))

    def _ended(self, slot: _Slot, code: int) -> None:
        pid, slot.pid = slot.pid, None
        word = slot.word if code == 0 else ""  # a handler may have ended the process with 0
        if word == "done":
            slot.start_at = math.inf
        elif word == "full":
            slot.start_at, slot.early_crashes = 0.0, 0
            slot.backoff.reset()
        elif self._kill_at is None:
            self._crashed(slot, f"worker {pid} left with {code}", told=word == "drained")

    def _crashed(self, slot: _Slot, what: str, *, told: bool = False) -> None:
        """Restart with back-off, or give up. `told` means that another process told the worker to
        leave: that is no crash, but it may happen again and again."""
        now = time.monotonic()
        if now - slot.started_at > _HEALTHY_S + self._settings.hung_after_s:
            slot.backoff.reset()
            slot.early_crashes = 0
        slot.early_crashes += not told
        if slot.early_crashes == self._settings.max_early_crashes > 0:
            self._log.error("%s, like %d before it; giving up", what, slot.early_crashes - 1)
            self._failed = True
            self._drain()
            return
        delay_s = slot.backoff.next()
        slot.start_at = now + delay_s
        self._log.warning("%s; restarting in %.1f s", what, delay_s)

    def _kill_all(self) -> None:
        for slot in self._slots:
            if slot.pid is not None:
                self._log.error("worker %d outstayed its drain; killing it", slot.pid)
                self._failed = True
                os.kill(slot.pid, signal.SIGKILL)
                os.waitpid(slot.pid, 0)
                slot.pid = None


def _check_url(settings: Settings) -> None:
    """Raise `StoreError` if the server refuses the password or the database: that will not change.
    A server that does not answer, or cannot do so now, may still come back."""
    pool = connect_plain(settings).connection_pool
    try:
        with translated():
            pool.get_connection()
    except StoreRefused:
        pass
    except StoreUnavailable as error:
        if isinstance(error.__cause__, AuthenticationError):
            raise StoreError(str(error)) from error
    finally:
        pool.disconnect()
