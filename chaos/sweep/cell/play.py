"""Playing one cell: its story, from the jobs and the fault to the end that is left to be judged."""

from __future__ import annotations

import time
from pathlib import Path

from chaos.faults import FAULTS
from chaos.handlers import Desk
from chaos.history import Recorder
from chaos.history.events import RigStarted
from chaos.processes import ForkServerGone
from chaos.rig.lag import LagWatch
from chaos.rig.samples import Samples
from chaos.sweep.cell.acting import Acting
from chaos.sweep.cell.changes import Changes
from chaos.sweep.cell.commands import Commands
from chaos.sweep.cell.ending import end_processes, read_end, tell_faults
from chaos.sweep.cell.jobs import CellJobs
from chaos.sweep.cell.starting import Starting
from chaos.sweep.cell.state import CellPlay, CellProcess
from chaos.sweep.cell.waiting import Waiting
from chaos.sweep.cell_run import CellRun
from chaos.sweep.cells import BoundaryFault, Cell
from chaos.sweep.stage import Stage

#: Workers that may come after each other until nothing is left.
_RESCUERS = 4
#: A lasting fault lasts for this many lock TTLs at least.
_PAST_TTL = 1.25


def play(stage: Stage, cell: Cell, directory: Path) -> CellRun:
    """Play a cell; its history goes to `directory`, whose name is the prefix of all names.

    Raises `ForkServerGone`: then no other cell can be played either.
    """
    began = time.monotonic()
    run = CellRun(cell=cell, directory=directory)
    (directory / "history").mkdir(parents=True)
    stage.clean()
    played = _Played(stage, run)
    try:
        played.play()
    except ForkServerGone:
        raise
    except Exception as error:  # noqa: BLE001 - this run proves nothing, whatever it was
        run.trouble.append(f"the rig itself failed: {str(error) or repr(error)}")
    finally:
        played.close()
    run.seconds = time.monotonic() - began
    return run


class _Played:
    """One cell from its start to its end, on the parts that it needs."""

    def __init__(self, stage: Stage, run: CellRun) -> None:
        who = [f"{run.directory.name}-{name}" for name in ("rig", "producer")]
        self._recorders = [Recorder(run.history(name), name) for name in who]
        self._record, produce = (recorder.write for recorder in self._recorders)
        play = CellPlay(stage=stage, run=run, record=self._record)
        jobs = CellJobs(play, produce)
        self._lag = LagWatch(self._record, play.pids, stage.server, stage.clockwork)
        self._changes = Changes(play, self._lag)
        acting = Acting(
            play.story.acts, play.name("victim"), jobs.name_of, stage.producer, self._record
        )
        commands = Commands(play, self._changes, acting)
        self._desk = (
            Desk(run.directory / "history", play.asking, visit=commands.at_handlers).opened()
            if play.asking
            else None
        )
        self._start = Starting(play, jobs, commands, self._changes, acting, self._desk)
        self._wait = Waiting(play, jobs, self._changes, acting)
        self._samples = Samples(stage.inspector, self._record)
        self._play, self._life, self._jobs, self._commands = play, play.story, jobs, commands
        commands.wire.start()
        self._lag.start()
        self._samples.start()

    def play(self) -> None:
        """Play all of it, and read the end."""
        self._record(RigStarted())
        faults = list(self._play.run.cell.faults)
        victim = self._victim(faults.pop(0) if faults else None)
        if self._life.victim != "worker":  # the operator repeats a command that may have run
            self._wait.until_over(self._start.client("second"))
        if victim.hit or self._jobs.left():
            rescuer = self._start.worker("rescuer", faults.pop(0) if faults else None)
            self._wait.until_hit(rescuer)
            if rescuer.hit:
                self._wait.until_over(self._start.worker("rescuer-2"))
        self._heal(victim)
        for process in self._play.processes:
            self._wait.until_over(process)
        self._clear()
        # A key that must be free by now lets another job in, and that is done.
        if self._jobs.enqueue_again():
            self._wait.until_over(self._start.worker("last"))
        read_end(self._play, self._jobs, self._commands, self._samples)

    def _victim(self, fault: BoundaryFault | None) -> CellProcess:
        """Start the process to be hit, and wait until it was hit, or cannot be hit any longer."""
        if self._life.victim != "producer":
            self._jobs.enqueue()
        if self._life.worked_before:
            for who in ("first", "first-2", "first-3"):
                self._wait.until_over(self._start.worker(who))
                if not self._jobs.left():
                    break
            (self._play.run.directory / "mended").touch()
        if self._life.victim == "worker":
            victim = self._start.worker("victim", fault, self._life.own)
        else:
            victim = self._start.client("victim", fault)
        self._wait.until_hit(victim)
        return victim

    def _heal(self, victim: CellProcess) -> None:
        """End a fault that lasts, once the locks that the victim had have expired."""
        injection = victim.injection
        if injection is None or injection.t is None or not FAULTS[injection.fault.action].lasts:
            return
        lease_s = (self._life.own or self._life.settings).lock_ttl_ms / 1000
        lease_s = max(lease_s, self._play.stage.target.again_within_s or 0.0)
        since_s = (time.monotonic_ns() - injection.t) / 1e9
        past = self._changes.deadline(_PAST_TTL * lease_s - since_s)
        while not past.passed:
            self._changes.pause()
        injection.heal()

    def _clear(self) -> None:
        """Let workers come until nothing is left to do, or clearly will be."""
        for number in range(3, _RESCUERS + 1):
            if not (left := self._jobs.left()) or self._jobs.has_canary:
                return  # a job that a fresh one has overtaken does not come any more
            self._wait.until_over(self._start.worker(f"rescuer-{number}"))
            if self._desk is not None and self._jobs.left() == left:
                return  # it came after all leases, and has waited as long as one may last

    def close(self) -> None:
        """End what is left, and write down where the faults landed."""
        self._play.closing = True
        try:
            end_processes(self._play, self._commands, self._changes)
        except Exception as error:  # noqa: BLE001 - the same for all that a run can run into
            self._play.trouble(f"the rig itself failed: {error}")
        tell_faults(self._play, self._commands)
        if self._desk is not None:
            self._desk.close()
        self._lag.close()
        self._samples.stop()
        for process in self._play.processes:
            process.forked.close()
        for recorder in self._recorders:
            recorder.close()
