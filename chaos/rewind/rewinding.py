"""Recovers every prefix of a server's append-only file, several at once."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from chaos.processes import Forked, ForkServer, side_by_side
from chaos.rewind.prefix import Prefix
from chaos.rewind.recovery import PREPARE, Recovery, order
from chaos.rig.problem import RigProblem
from chaos.rig.progress import Progress

#: A worker waits for back-offs and deferred jobs most of the time.
_AT_ONCE_PER_CPU = 4
#: The fewest batches that follow each other.
_BATCHES_EACH = 4
#: The longest that one recovery may take.
_RECOVERY_S = 40.0
#: Between two words on how far it is.
_SAY_S = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Batch:
    """Prefixes that one process recovers, one after the other."""

    size: int
    process: Forked
    log: Path
    overdue_at: float

    def over(self) -> bool:
        """True if all are recovered. Raises RigProblem if they never will be."""
        status, told = self.process.status, f"the recovery of {self.process.name}"
        if self.process.lost:
            raise RigProblem(str(self.process.lost))
        if status is None and time.monotonic() > self.overdue_at:
            raise RigProblem(f"{told} and {self.size - 1} more takes too long; see {self.log}")
        if status is not None and status.code != 0:
            raise RigProblem(f"{told} or one of the next ended with {status}; see {self.log}")
        return status is not None


def rewind(
    prefixes: Sequence[Prefix], recovery: Recovery, directory: Path, progress: Progress
) -> float:
    """Recover each prefix; returns the number of prefixes per second.

    The history of each goes to a directory of its name. Raises RigProblem when a recovery fails.
    """
    at_once = _AT_ONCE_PER_CPU * (os.cpu_count() or 1)
    # A fork has its price, so a process recovers several; not so many that one works on alone.
    size = 1 + len(prefixes) // (at_once * _BATCHES_EACH)
    began = said_at = time.monotonic()
    recovered = 0
    directory.mkdir(parents=True)
    log = directory / "fork-server.log"
    with ForkServer(PREPARE, str(recovery), log=log) as fork_server:
        starts = (
            partial(_start, fork_server, prefixes[at : at + size], directory.absolute())
            for at in range(0, len(prefixes), size)
        )
        for batch in side_by_side(starts, at_once, _Batch.over):
            batch.process.close()
            recovered += batch.size
            if time.monotonic() > said_at + _SAY_S:
                said_at = time.monotonic()
                progress.say(f"{recovered} of {len(prefixes)} prefixes")
    return len(prefixes) / (time.monotonic() - began)


def _start(fork_server: ForkServer, prefixes: Sequence[Prefix], directory: Path) -> _Batch:
    name = prefixes[0].name
    process, log = Forked(name), directory / f"{name}.log"
    fork_server.fork(process, order(prefixes, directory), log=log)
    overdue_at = time.monotonic() + _RECOVERY_S * len(prefixes)
    return _Batch(size=len(prefixes), process=process, log=log, overdue_at=overdue_at)


def complete(prefixes: Iterable[Prefix], directory: Path) -> list[Prefix]:
    """The prefixes that a worker has drained and whose end was read."""
    return [prefix for prefix in prefixes if _is_complete(directory / prefix.name / "rig.jsonl")]


def _is_complete(history: Path) -> bool:
    lines = history.read_bytes().splitlines() if history.exists() else []
    return bool(lines) and json.loads(lines[-1]).get("what") == "read"
