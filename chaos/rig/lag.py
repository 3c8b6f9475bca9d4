"""The lag of the machine: time for which a run wanted a processor, or its disk, and got none.

Upper bounds on time ("started within …") would accuse a sound worker on a busy machine. So the rig
notes how long its own clockwork and the processes of the run stood in the kernel's queue for a
processor, and checks add that to their bounds.

The kernel counts it for each thread in `/proc/<pid>/schedstat`. That is exact: a worker that waits
for a lock, for its own event loop or for the server does not stand in that queue, so that a slow
target is not taken for a slow machine. The main thread is looked at, where the event loop runs.

A wait for the disk (a server that writes its file, a worker that writes its history) nobody counts
like that, so each look asks whether somebody stands in one.
"""

from __future__ import annotations

import math
import os
import threading
import time
from collections.abc import Callable, Iterable

from chaos.history import HistoryProblem, Write
from chaos.history.events import Lag
from chaos.servers import Server

#: Between two looks, where nothing else is asked for.
_STEP_S = 0.025
#: Less than this share of a step is usual: in 25 ms an idle machine has 1 to 2 ms, and 5 to 40 ms
#: when four busy processes share two processors with the run.
_USUAL = 0.2


#: No deadline is later than this many times its time, however busy the machine.
_LATEST = 4


class Clockwork:
    """A thread that looks at machine lag in steps, for any number of watches: those of many runs at
    once would be as many threads, which wait for each other and take the processor from the runs.
    """

    def __init__(self, step_s: float = _STEP_S) -> None:
        self.step_s = step_s
        self._watches: dict[LagWatch, None] = {}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="lag", daemon=True)
        self._thread.start()

    def add(self, watch: LagWatch) -> None:
        """Look from now on. From any thread."""
        self._watches[watch] = None

    def remove(self, watch: LagWatch) -> None:
        """Look no more. A look may still be under way. From any thread."""
        self._watches.pop(watch, None)

    def close(self) -> None:
        """End the thread."""
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        left_s = self.step_s
        while not self._over.wait(left_s):
            due = time.monotonic() + self.step_s  # a step has in it what the looks take
            for watch in tuple(self._watches):
                watch.look()
            left_s = max(0.0, due - time.monotonic())


class LagWatch:
    """Writes a `lag` event after each step in which the machine kept the run waiting.

    A command takes its way through one worker, the rig's proxy and the server, one after another.
    The lag of a step is therefore the sum of three: how late the rig's own clockwork came, the
    server's wait, and that of the worker that waited longest; but never more than the step took.
    """

    def __init__(
        self,
        record: Write,
        workers: Callable[[], Iterable[int]],
        server: Server | None = None,
        clockwork: Clockwork | None = None,
    ) -> None:
        """Watch the processes whose pids `workers` tells, which is asked at each step. Without a
        `clockwork` it has one of its own."""
        self._clockwork = clockwork
        self._own = clockwork is None
        self._record = record
        self._workers = workers
        self._server = server
        self._waits: dict[int, Waits] = {}
        self._lags: list[tuple[float, float]] = []
        self._looking = threading.Lock()
        self._looked_at = time.monotonic()
        self._over = False

    def start(self) -> None:
        self._looked_at = time.monotonic()
        self._clockwork = self._clockwork or Clockwork()
        self._clockwork.add(self)

    def deadline(self, seconds: float) -> Deadline:
        """So long from now, of a machine that keeps nobody waiting. From any thread."""
        return Deadline(seconds, self)

    def since(self, t: float) -> float:
        """The lag that was noted since this monotonic time, in seconds. From any thread."""
        return sum(lag_s for at, lag_s in tuple(self._lags) if at >= t)

    def close(self) -> None:
        """Look for the last time."""
        if self._clockwork is None:
            return
        self._clockwork.remove(self)
        if self._own:
            self._clockwork.close()
        self.look()
        with self._looking:
            self._over = True
            for waits in self._waits.values():
                waits.close()

    def look(self) -> None:
        """See how long the run was kept waiting since the last look. From any thread."""
        with self._looking:
            if not self._over:
                self._look()

    def _look(self) -> None:
        assert self._clockwork is not None
        step_ms = self._clockwork.step_s * 1000
        waited_ms = self._waited_ms()
        began, self._looked_at = self._looked_at, time.monotonic()
        took_ms = (self._looked_at - began) * 1000
        late_ms = max(0.0, took_ms - step_ms)  # less than a step since the last one, at the ends
        lag_ms = min(late_ms + waited_ms, took_ms)
        if lag_ms >= _USUAL * step_ms:
            self._over = not self._wrote(lag_ms, took_ms)

    def _wrote(self, lag_ms: float, within_ms: float) -> bool:
        try:
            self._record(Lag(lag_ms=round(lag_ms), within_ms=round(within_ms)))
            self._lags.append((time.monotonic(), lag_ms / 1000))
        except HistoryProblem:  # whoever writes next will say so
            return False
        return True

    def _waited_ms(self) -> float:
        """The server's wait since the last look, and the longest of a worker; all the time since
        then where one of them waits for the disk."""
        pid = self._server.pid if self._server is not None else None
        server = set() if pid is None else {pid}
        workers = set(self._workers())
        for pid in self._waits.keys() - workers - server:
            self._waits.pop(pid).close()
        queued_ms = self._longest_ms(server) + self._longest_ms(workers)
        for_disk = any(self._waits_of(pid).for_disk() for pid in server | workers)
        return math.inf if for_disk else queued_ms

    def _longest_ms(self, pids: Iterable[int]) -> float:
        waits = (self._waits_of(pid) for pid in pids)
        return max((each.since_last_ms() for each in waits), default=0.0)

    def _waits_of(self, pid: int) -> Waits:
        if pid not in self._waits:
            self._waits[pid] = Waits(pid)
        return self._waits[pid]


class Waits:
    """The waits of the main thread of a process: in the queue for a processor, and for the disk."""

    def __init__(self, pid: int) -> None:
        self._queued = _open(f"/proc/{pid}/schedstat")
        self._state = _open(f"/proc/{pid}/stat")
        self._last_ns = self._read_ns()

    def since_last_ms(self) -> float:
        """Its time in the queue since the last call, in ms; 0 where it is not known."""
        now_ns = max(self._read_ns(), self._last_ns)
        since_ns, self._last_ns = now_ns - self._last_ns, now_ns
        return since_ns / 1e6

    def for_disk(self) -> bool:
        """True while it waits for a disk: the kernel then lets nothing interrupt it."""
        # The name before the state may have spaces and brackets in it.
        return _read(self._state).rpartition(b")")[2].split()[:1] == [b"D"]

    def close(self) -> None:
        for file in (self._queued, self._state):
            if file >= 0:
                os.close(file)
        self._queued = self._state = -1

    def _read_ns(self) -> int:
        """The second number of the file; 0 where there is none."""
        try:
            return int(_read(self._queued).split()[1])
        except (ValueError, IndexError):  # it has ended
            return 0


def _open(path: str) -> int:
    """Kept open: a new process of the same pid is another file. -1 where there is none."""
    try:
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return -1


def _read(file: int) -> bytes:
    """What is in it; nothing once its process has ended."""
    try:
        return os.pread(file, 400, 0) if file >= 0 else b""
    except OSError:
        return b""


class Deadline:
    """A time until which something is waited for: later on a machine that kept the run waiting
    meanwhile, by twice its lag, as the bounds of checks are; but not without end."""

    def __init__(self, seconds: float, lag: LagWatch) -> None:
        self._seconds = seconds
        self._lag = lag
        self._began = time.monotonic()

    @property
    def left_s(self) -> float:
        """Time until it passes, by the lag so far; negative when it has passed."""
        late_s = min(2 * self._lag.since(self._began), _LATEST * self._seconds)
        return self._began + self._seconds + late_s - time.monotonic()

    @property
    def passed(self) -> bool:
        return self.left_s < 0
