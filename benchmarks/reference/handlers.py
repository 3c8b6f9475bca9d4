"""What the jobs of the benchmarks do; `python -m rrq_ref worker` loads them from here."""

from __future__ import annotations

import time

from rrq_ref import Context


async def noop(_: Context) -> None:
    """The least that a job can be. Its result is `null`."""


async def started_at(_: Context) -> int:
    """When it was started: nanoseconds on the machine's monotonic clock, as its result."""
    return time.monotonic_ns()


HANDLERS = {"noop": noop, "started_at": started_at}
