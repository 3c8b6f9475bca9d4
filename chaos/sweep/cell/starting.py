"""Starting the processes of a cell: workers, producers and operators, each behind its listener."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from chaos.handlers import Desk
from chaos.processes import Family, Forked, Handle
from chaos.rig.life import start
from chaos.sweep.cell.acting import Acting
from chaos.sweep.cell.changes import Changes
from chaos.sweep.cell.commands import Commands
from chaos.sweep.cell.jobs import CellJobs
from chaos.sweep.cell.state import CellPlay, CellProcess
from chaos.sweep.cell.tasks import order
from chaos.sweep.cells import BoundaryFault
from chaos.sweep.life import PATIENT
from chaos.sweep.starts import Start
from chaos.targets import WorkerSettings, WorkerSpec


class Starting:
    """Starts the processes of one cell, with the faults that are meant for them."""

    def __init__(
        self,
        play: CellPlay,
        jobs: CellJobs,
        commands: Commands,
        changes: Changes,
        acting: Acting,
        desk: Desk | None,
    ) -> None:
        self._play = play
        self._jobs = jobs
        self._commands = commands
        self._changes = changes
        self._acting = acting
        self._desk = desk

    def worker(
        self, who: str, fault: BoundaryFault | None = None, settings: WorkerSettings | None = None
    ) -> CellProcess:
        """Start a worker, with the life's settings unless it has its own."""
        return self._start("work", who, fault, settings or self._play.story.settings)

    def client(self, who: str, fault: BoundaryFault | None = None) -> CellProcess:
        """Start a producer or an operator."""
        return self._start(self._play.story.order, who, fault, PATIENT)

    def _start(
        self, do: str, who: str, fault: BoundaryFault | None, settings: WorkerSettings
    ) -> CellProcess:
        name = self._play.name(who)
        url = self._commands.wire.listener(name)
        starting = self._play.stage.starts.begin()
        kind = Forked if self._desk is None else Family
        process = CellProcess(kind(name, partial(self._ended, starting)), starting)
        self._commands.at_handlers.attach(process.forked)
        if fault is not None:
            self._commands.plan(process, fault)
        if who == "victim":
            self._acting.process = process.forked
            self._acting.hold(self._commands.wire)
        self._commands.watch(process)
        self._play.processes.append(process)
        burst = do == "work"
        spec = WorkerSpec(
            name=name,
            url=url,
            history=str(self._play.run.history(name)),
            settings=settings,
            burst=burst,
            queues=self._play.story.serves if burst else (),
            desk=self._desk.address if self._desk else "",
        )
        log = self._play.run.directory / f"{who}.log"
        begin = partial(self._fork, process.forked, do, log)
        role = "worker" if do == "work" else "producer"
        process.life = start(begin, spec, self._play.record, self._commands.wire, role)
        if self._desk is not None and do == "work":
            self._desk.hello(name, process.forked.pid)
        return process

    def _fork(
        self, forked: Forked, do: str, log: Path, spec: WorkerSpec, attach: Callable[[Handle], None]
    ) -> Handle:
        stage = self._play.stage
        attach(forked)
        if do == "work" and stage.warm is not None:
            stage.warm.fork(forked, spec, log)
        else:
            jobs = () if do == "work" else self._jobs.ordered()
            told = order(do, spec, jobs, self._play.story.client)
            stage.fork_server.fork(forked, told, log=log)
        return forked

    def _ended(self, start: Start) -> None:
        start.end()
        self._changes.notify()
