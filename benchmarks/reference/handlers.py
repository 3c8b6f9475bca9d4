"""The benchmarks' handlers, which `python -m rrq_ref worker` loads from here."""

from __future__ import annotations

import time

from rrq_ref import Context, Handler


async def noop(_: Context) -> None:
    """The smallest job there is. Its result is `null`."""


async def started_at(_: Context) -> int:
    """Return the time of its start: nanoseconds on the machine's monotonic clock."""
    return time.monotonic_ns()


async def text(_: Context, size: int) -> str:
    """Return a text whose JSON has `size` bytes."""
    return "x" * (size - 2)


HANDLERS: dict[str, Handler] = {"noop": noop, "started_at": started_at, "text": text}
