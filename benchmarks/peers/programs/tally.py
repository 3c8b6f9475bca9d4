"""What handlers of a benchmark do. It runs in each queue's own environment, so it imports nothing
but Python's own, of any release from 3.9 on.

Each process counts its jobs in a file of its own, `<folder>/<pid>.done`, which the benchmark reads
as it grows; `<pid>.late` has the nanoseconds between a job's enqueue and its start, eight bytes
each. The folder is in the variable TALLY.
"""

import asyncio
import mmap
import os
import struct
import threading
import time


class _Tally:
    """The counts of this process."""

    def __init__(self):
        self._lock = threading.Lock()
        self._count = 0
        base = os.path.join(os.environ["TALLY"], str(os.getpid()))
        with open(base + ".done", "wb+") as file:
            file.truncate(8)
            self._map = mmap.mmap(file.fileno(), 8)
        self._late = open(base + ".late", "ab", buffering=0)

    def done(self):
        with self._lock:
            self._count += 1
            struct.pack_into("q", self._map, 0, self._count)

    def late(self, ns):
        self._late.write(struct.pack("q", ns))


_first = threading.Lock()
_tally = None


def _forget():
    global _first, _tally
    _first, _tally = threading.Lock(), None


os.register_at_fork(after_in_child=_forget)


def _ours():
    """That of this process, made by the first of its threads."""
    global _tally
    if _tally is None:
        with _first:
            if _tally is None:
                _tally = _Tally()
    return _tally


def noop():
    """Nothing but the count."""
    _ours().done()


def late(sent):
    """How long after `sent`, a monotonic time in ns, it starts."""
    now = time.monotonic_ns()
    tally = _ours()
    tally.late(now - sent)
    tally.done()


def real(text):
    """Wait for 10 ms, as for a request to somebody else, and return what came."""
    time.sleep(0.01)
    _ours().done()
    return text


async def real_async(text):
    """The same on an event loop."""
    await asyncio.sleep(0.01)
    _ours().done()
    return text
