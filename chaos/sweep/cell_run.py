"""One run of a cell, as it is left to be judged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from chaos.rig.unseen import Fate
from chaos.sweep.cells import Cell


@dataclass(slots=True, kw_only=True)
class CellRun:
    """The result of one run of a cell, before it is judged."""

    cell: Cell
    directory: Path
    #: For each fault of the cell: whether it landed.
    landed: list[bool] = field(default_factory=list)
    #: The ids of its jobs.
    jobs: list[str] = field(default_factory=list)
    #: The command that the (last) fault hit, and how far the job had come by then.
    command: str = ""
    phase: str = ""
    #: Commands of the victim, or of whoever the last fault was meant for, until it was hit.
    commands: list[str] = field(default_factory=list)
    #: How far the job had come before each of these, and after it.
    phases: list[tuple[str, str]] = field(default_factory=list)
    #: A fault had met its command and could not land: why.
    missed: str | None = None
    #: Why this run proves nothing.
    trouble: list[str] = field(default_factory=list)
    #: The rig kept the cell's processes from the server, so that nothing counts against them.
    obstructed: bool = False
    #: A job is neither completed nor dead at the end.
    unfinished: bool = False
    #: What became of each job, where nobody can look into the store.
    fates: Mapping[str, Fate] = field(default_factory=dict)
    seconds: float = 0.0
    #: The seconds from the first fault to the next start of each job that it cut short.
    again_s: list[float] = field(default_factory=list)

    def history(self, process: str) -> Path:
        """The history file of a process."""
        return self.directory / "history" / f"{process}.jsonl"

    @property
    def complete(self) -> bool:
        """True if every fault landed."""
        return all(self.landed) and len(self.landed) == len(self.cell.faults)

    @property
    def where(self) -> str:
        """The cell, and the command that its fault has hit."""
        return f"{self.cell} at {self.command}" if self.command else f"{self.cell}, before a fault"
