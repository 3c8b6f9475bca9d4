"""A part of a benchmark that runs as a process of its own, and prints what it found."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.parts.problem import BenchmarkProblem
from benchmarks.parts.waiting import last_line
from chaos.processes import ProcessGroup


def run_module(
    module: str, words: Sequence[str], directory: Path, limit_s: float, **variables: str
) -> str:
    """Run a Python module with these words and environment variables; its log is in `directory`.
    Returns the last line that it wrote.

    Raises `BenchmarkProblem` if it fails, `ProcessStillRunning` after `limit_s`.
    """
    with ProcessGroup() as group:
        child = group.spawn(
            [sys.executable, "-m", module, *words],
            log=directory / f"{module}.log",
            env={**os.environ, **variables},
            name=module,
        )
        if child.wait(limit_s).code != 0:
            raise BenchmarkProblem(f"{module} failed: {last_line(child)}")
        return last_line(child)
