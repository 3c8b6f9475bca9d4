"""A command that is run into a directory of its own, for a limited time."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from chaos.processes.group import ProcessGroup, end_processes
from chaos.processes.process import Process

#: Time for a command that is ended to stop what it has started.
GRACE_S = 30.0


@dataclass(slots=True, kw_only=True)
class Run:
    """A command on its way. Its log lies beside its directory."""

    out: Path
    process: Process
    limit_s: float
    began: float
    too_long: bool = False

    @classmethod
    def start(
        cls,
        group: ProcessGroup,
        words: Sequence[str],
        out: Path,
        *,
        name: str,
        limit_s: float,
        env: Mapping[str, str] | None = None,
    ) -> Run:
        """Start it anew. What an earlier one has left in the directory goes."""
        shutil.rmtree(out, ignore_errors=True)
        log = out.with_suffix(".log")
        log.unlink(missing_ok=True)
        argv = [*words, "--out", str(out)]
        process = group.spawn(argv, log=log, env={**os.environ, **(env or {})}, name=name)
        return cls(out=out, process=process, limit_s=limit_s, began=time.monotonic())

    @property
    def seconds(self) -> float:
        """Since it began."""
        return time.monotonic() - self.began

    def over(self, *, wanted: bool = True) -> bool:
        """True if it has ended. It is made to if it takes too long, or is no longer wanted."""
        if self.process.alive:
            self.too_long = self.seconds > self.limit_s
            if self.too_long or not wanted:
                end_processes([self.process], grace_s=GRACE_S)
        return not self.process.alive
