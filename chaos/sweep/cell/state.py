"""A cell while it is played: the state that its parts share."""

from __future__ import annotations

import signal
from dataclasses import dataclass, field

from chaos.faults import Injection
from chaos.history import Write
from chaos.processes import Forked
from chaos.rig.life import Life as ProcessLife
from chaos.sweep.cell_run import CellRun
from chaos.sweep.life import Life
from chaos.sweep.stage import Stage
from chaos.sweep.starts import Start
from chaos.targets.asking import Asking


@dataclass(slots=True)
class CellProcess:
    """A process of the cell, the fault that is meant for it, and its commands until that lands."""

    forked: Forked
    start: Start
    injection: Injection | None = None
    commands: list[str] = field(default_factory=list)
    #: How far the job had come before each of them, and after it.
    phases: list[tuple[str, str]] = field(default_factory=list)
    life: ProcessLife | None = None
    #: It has asked the server for more than a connection.
    came: bool = False
    #: Somebody has waited for its end.
    awaited: bool = False
    #: It does not leave by itself, and was told to when nothing was left.
    sent_home: bool = False

    @property
    def name(self) -> str:
        return self.forked.name

    @property
    def over(self) -> bool:
        return self.forked.poll() is not None

    @property
    def killed(self) -> bool:
        status = self.forked.poll()
        return status is not None and status.signal == signal.SIGKILL

    @property
    def hit(self) -> bool:
        return self.injection is not None and self.injection.landed


@dataclass(slots=True, kw_only=True)
class CellPlay:
    """One cell while it is played. The wire and the desk look at it from threads of their own."""

    stage: Stage
    run: CellRun
    record: Write
    #: In the order of their starts.
    processes: list[CellProcess] = field(default_factory=list)
    #: The cell is over: a fault that is missed from now on has never met its command.
    closing: bool = False

    @property
    def story(self) -> Life:
        return self.run.cell.story

    @property
    def asking(self) -> Asking | None:
        """Where the target's handlers ask the rig: nobody can look into its store then, and its
        workers do not leave by themselves."""
        return self.stage.target.asks

    def name(self, who: str) -> str:
        """The name of a process, which no other cell has."""
        return f"{self.run.directory.name}-{who}"

    def trouble(self, why: str) -> None:
        """Say that this run proves nothing."""
        self.run.trouble.append(why)

    def pids(self) -> list[int]:
        """The processes that have been forked and have not ended."""
        there = [p for p in list(self.processes) if p.life is not None and not p.over]
        return [process.forked.pid for process in there]
