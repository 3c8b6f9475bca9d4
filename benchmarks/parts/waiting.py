"""Waiting for processes and servers, but never for ever."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from benchmarks.parts.problem import BenchmarkProblem
from chaos.processes import Process

#: Seconds without any change after which a wait is given up.
STALLED_S = 30.0


def wait_until(
    done: Callable[[], bool],
    what: str,
    processes: Sequence[Process] = (),
    *,
    nap_s: float = 0.01,
    sign_of_life: Callable[[], object] = lambda: None,
) -> None:
    """Look every `nap_s` until `done()`.

    Raises `BenchmarkProblem` if one of `processes` ends, or if `sign_of_life` gives the same answer
    for `STALLED_S`.
    """
    last, since = sign_of_life(), time.monotonic()
    while not done():
        for process in processes:
            if not process.alive:
                raise BenchmarkProblem(f"{process.name} ended by itself: {last_line(process)}")
        now = sign_of_life()
        if now != last:
            last, since = now, time.monotonic()
        if time.monotonic() - since > STALLED_S:
            raise BenchmarkProblem(f"nothing happened for {STALLED_S:g} s, waiting for {what}")
        time.sleep(nap_s)


def last_line(process: Process) -> str:
    """The last line that a process wrote."""
    lines = process.log.read_text("utf-8", "replace").split("\n")
    return next((line for line in reversed(lines) if line.strip()), "it wrote nothing")
