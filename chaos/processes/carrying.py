"""Processes by a variable in their environment, which whatever they start inherits: so that those
are found too that lead a session of their own and have lost their parent."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterator

import psutil

from chaos.processes.handle import KILL_TIMEOUT_S
from chaos.processes.waiting import wait_until


def end_carrying(variable: str, values: Collection[str]) -> None:
    """SIGKILL to every process in which a variable has one of these values, or one below it
    (`value/more`), until all are gone."""
    wait_until(lambda: not [*_killed(variable, values)], KILL_TIMEOUT_S)


def _killed(variable: str, values: Collection[str]) -> Iterator[int]:
    for pid in psutil.pids():
        # The environment of one that only waits to be reaped is gone.
        with contextlib.suppress(psutil.Error, OSError):
            process = psutil.Process(pid)
            value = process.environ().get(variable, "")
            if any(value == each or value.startswith(f"{each}/") for each in values):
                process.kill()
                yield pid
