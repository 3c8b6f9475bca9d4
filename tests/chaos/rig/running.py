"""The rig as its users start it: a process of its own, with all the processes that it starts."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psutil

#: A run that takes longer hangs.
LIMIT_S = 120.0


def run(
    *words: str, cwd: Path | None = None, limit_s: float = LIMIT_S
) -> subprocess.CompletedProcess[str]:
    """Run `python -m …` to its end."""
    return subprocess.run(
        [sys.executable, "-m", *words], cwd=cwd, capture_output=True, text=True, timeout=limit_s
    )


@contextmanager
def begun(*words: str) -> Iterator[subprocess.Popen[str]]:
    """Start `python -m …`, whose output can be read line by line. It ends with the block."""
    with subprocess.Popen(
        [sys.executable, "-m", *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def read_until(process: subprocess.Popen[str], word: str) -> None:
    """Read what a process prints until a line has this word in it."""
    assert process.stdout is not None
    for line in process.stdout:
        if word in line:
            return
    raise AssertionError(f"it ended before it said {word!r}")


def descendants(pid: int) -> list[psutil.Process]:
    return psutil.Process(pid).children(recursive=True)


def first_descendants(pid: int, within_s: float = 20.0) -> list[psutil.Process]:
    """The descendants, once there are any: between two runs there may be none."""
    end = time.monotonic() + within_s
    while not (found := descendants(pid)) and time.monotonic() < end:
        time.sleep(0.01)
    return found


def survivors(processes: Sequence[psutil.Process], within_s: float = 20.0) -> list[psutil.Process]:
    """Those that still run, once those that are about to end have ended."""
    end = time.monotonic() + within_s
    while left := [process for process in processes if _runs(process)]:
        if time.monotonic() > end:
            return left
        time.sleep(0.02)
    return []


def _runs(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
