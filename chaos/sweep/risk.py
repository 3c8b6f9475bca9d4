"""The order of cells, for a sweep that may not get to all of them: the riskiest first.

Most queues that fail do so while a job is held: it is off the queue, and not done yet.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from chaos.rig.options import BadOption
from chaos.sweep.cell_run import CellRun
from chaos.sweep.cells import Cell

#: By phase of a job's life, or by the command that is hit; a smaller number comes first.
_RISKS = {
    "held": 1,
    "finish": 1,
    "retry": 2,
    "waiting for a retry": 2,
    "release": 3,
    "handed back": 3,
}
_REST = 4


class Risks:
    """The risk of cells, by how far a job has come at each command of these runs: the first ones
    count, which nothing has disturbed."""

    def __init__(self, runs: Iterable[CellRun]) -> None:
        #: By life and boundary: before the command, and after it.
        self._phases: dict[tuple[str, str], tuple[str, str]] = {}
        for run in runs:
            for at, phases in _phases(run):
                self._phases.setdefault((run.cell.life, at), phases)

    def phase(self, cell: Cell) -> str:
        """How far a job has come when the cell's fault lands; "" where no run has shown it."""
        (fault,) = cell.faults
        before, after = self._phases.get((cell.life, fault.at), ("", ""))
        return before if fault.side == "before-send" else after

    def rank(self, cell: Cell) -> int:
        """The smaller, the earlier."""
        command = cell.faults[0].at.rpartition(".")[0]
        return min(_RISKS.get(word, _REST) for word in (self.phase(cell), command))


def _phases(run: CellRun) -> Iterator[tuple[str, tuple[str, str]]]:
    """The boundaries of a run, each with how far the job had come."""
    seen: Counter[str] = Counter()
    for command, phases in zip(run.commands, run.phases, strict=False):
        seen[command] += 1
        yield f"{command}.{seen[command]}", phases


def failed_in(path: Path) -> frozenset[str]:
    """The names of the cells that were broken in an earlier sweep: its directory, or its
    sweep.json. Raises `BadOption`."""
    file = path / "sweep.json" if path.is_dir() else path
    try:
        cells = json.loads(file.read_bytes())["cells"]
        return frozenset(cell["cell"] for cell in cells if cell["mark"] == "broken")
    except OSError as error:
        raise BadOption(f"--before: {file} cannot be read ({error.strerror})") from error
    except (ValueError, KeyError, TypeError) as error:
        raise BadOption(
            f"--before: {file} is no result of a sweep; give its directory, or the sweep.json in it"
        ) from error
