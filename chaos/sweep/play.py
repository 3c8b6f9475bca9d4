"""Playing one cell: its story, its processes, and the fault at its boundary."""

from __future__ import annotations

import math
import signal
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from chaos.checks.evidence import HOME
from chaos.faults import FAULTS, Injection, Match, data_command
from chaos.handlers import Desk
from chaos.history import Recorder
from chaos.history.events import (
    EnqueueOk,
    Event,
    Expected,
    Fault,
    FaultBegun,
    FaultLanded,
    FaultMissed,
    FinalJob,
    RigFinished,
    RigObstructed,
    RigStarted,
    Transition,
)
from chaos.processes import Family, Forked, ForkServerGone, Handle, end_carrying
from chaos.rig.ending import note_files, read_final_state
from chaos.rig.enqueue import enqueue
from chaos.rig.lag import LagWatch
from chaos.rig.life import Life, start
from chaos.rig.samples import Samples
from chaos.rig.wire import Wire
from chaos.sweep.acting import Acting
from chaos.sweep.at_handlers import AtHandlers
from chaos.sweep.cell_run import CellRun
from chaos.sweep.cells import CONNECT, BoundaryFault, Cell, of_handler
from chaos.sweep.life import PATIENT, SETTINGS, End
from chaos.sweep.stage import Stage
from chaos.sweep.starts import Start
from chaos.sweep.tasks import order
from chaos.targets import Job, WorkerSettings, WorkerSpec
from chaos.targets.programs import URL_VARIABLES
from chaos.wire import Exchange

#: Limit for a process to play its whole part.
PATIENCE_S = 15.0
#: Workers that may come after each other until nothing is left.
_RESCUERS = 4
#: A lasting fault lasts for this many lock TTLs at least.
_PAST_TTL = 1.25
#: A worker that does not leave by itself has nothing to do for so long before it is told to.
_IDLE_S = 0.3
#: Between two looks at whether a worker is idle.
_LOOK_S = 0.05
_ASKS = data_command()
_UNFINISHED = ("queued", "active", "retrying")

#: The state of a job after a transition that the store accepted.
_PHASES = {
    "enqueue": "queued",
    "claim": "held",
    "refresh": "held",
    "finish": "completed",
    "retry": "waiting for a retry",
    "release": "handed back",
    "bury": "dead-lettered",
    "takeback": "taken back",
    "requeue": "requeued",
}


def play(stage: Stage, cell: Cell, directory: Path) -> CellRun:
    """Play a cell; its history goes to `directory`, whose name is the prefix of all names.

    Raises `ForkServerGone`: then no other cell can be played either.
    """
    began = time.monotonic()
    run = CellRun(cell=cell, directory=directory)
    (directory / "history").mkdir(parents=True)
    stage.clean()
    playing = _Play(stage, run)
    try:
        playing.play()
    except ForkServerGone:
        raise
    except Exception as error:  # noqa: BLE001 - this run proves nothing, whatever it was
        run.trouble.append(f"the rig itself failed: {str(error) or repr(error)}")
    finally:
        playing.close()
    run.seconds = time.monotonic() - began
    return run


@dataclass(slots=True)
class _Process:
    """A process of the cell, the fault that is meant for it, and its commands until that lands."""

    forked: Forked
    start: Start
    injection: Injection | None = None
    commands: list[str] = field(default_factory=list)
    #: How far the job had come before each of them, and after it.
    phases: list[tuple[str, str]] = field(default_factory=list)
    life: Life | None = None
    #: It has asked the server for more than a connection.
    came: bool = False
    #: Somebody has waited for its end.
    awaited: bool = False
    #: It does not leave by itself, and was told to when nothing was left.
    sent_home: bool = False

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


class _Play:
    """One cell while it is played."""

    def __init__(self, stage: Stage, run: CellRun) -> None:
        self._stage = stage
        self._run = run
        self._life = run.cell.story
        self._prefix = run.directory.name
        self._jobs = self._life.make(self._prefix, run.directory)
        self._changed = threading.Condition()
        self._again: list[Job] = []
        self._canary: list[Job] = []
        self._processes: list[_Process] = []
        self._transitions: list[tuple[int, str]] = []
        self._closing = False
        asking = stage.target.asks
        self._at_handlers = AtHandlers(self._sees_handler, self._note)
        self._desk = (
            Desk(run.directory / "history", asking, visit=self._at_handlers).opened()
            if asking
            else None
        )
        self._recorders = [self._recorder("rig"), self._recorder("producer")]
        self._record, self._produce = (recorder.write for recorder in self._recorders)
        self._wire = Wire(stage.url, stage.target, SETTINGS, self._note, self._on_transition)
        #: The ids of `_jobs`, in their order: some are given by the queue.
        self._names = [job.id or "" for job in self._jobs]
        self._acting = Acting(
            self._life.acts,
            f"{self._prefix}-victim",
            lambda number: self._names[number - 1],
            stage.producer,
            self._record,
        )
        self._wire.start()
        self._lag = LagWatch(self._record, self._workers, stage.server, stage.clockwork)
        self._lag.start()
        self._samples = Samples(stage.inspector, self._record)
        self._samples.start()

    def _recorder(self, who: str) -> Recorder:
        name = f"{self._prefix}-{who}"
        return Recorder(self._history(name), name)

    def _history(self, name: str) -> Path:
        return self._run.directory / "history" / f"{name}.jsonl"

    # The story

    def play(self) -> None:
        self._record(RigStarted())
        faults = list(self._run.cell.faults)
        victim = self._victim(faults.pop(0) if faults else None)
        if self._life.victim != "worker":  # the operator repeats a command that may have run
            self._await(self._client("second"))
        if victim.hit or self._backlog():
            rescuer = self._worker("rescuer", faults.pop(0) if faults else None)
            self._await_injection(rescuer)
            if rescuer.hit:
                self._await(self._worker("rescuer-2"))
        self._heal(victim)
        for process in self._processes:
            self._await(process)
        self._clear()
        self._enqueue_again()
        self._read_end()

    def _victim(self, fault: BoundaryFault | None) -> _Process:
        """Start the process to be hit, and wait until it was hit, or cannot be hit any longer."""
        if self._life.victim != "producer":
            self._names = self._enqueue(self._jobs)
        if self._life.worked_before:
            for who in ("first", "first-2", "first-3"):
                self._await(self._worker(who))
                if not self._backlog():
                    break
            (self._run.directory / "mended").touch()
        if self._life.victim == "worker":
            victim = self._worker("victim", fault, self._life.own)
        else:
            victim = self._client("victim", fault)
        self._await_injection(victim)
        return victim

    def _enqueue(self, jobs: Sequence[Job]) -> list[str]:
        """Enqueue from here, past the wire. Returns the ids of the jobs that stand for these."""
        names: list[str] = []

        def write(event: Event, /, *, t: int | None = None, process: str | None = None) -> None:
            self._produce(event, t=t, process=process)
            if isinstance(event, EnqueueOk):
                names.append(str(event.job))

        problem = enqueue(self._stage.producer, jobs, self._life.settings, write)
        if problem is not None:
            self._run.trouble.append(f"a job could not be enqueued: {problem}")
            return [job.id or "" for job in jobs]
        return names

    def _clear(self) -> None:
        """Let workers come until nothing is left to do, or clearly will be."""
        for number in range(3, _RESCUERS + 1):
            if not (left := self._left()) or self._canary:
                return  # a job that a fresh one has overtaken does not come any more
            self._await(self._worker(f"rescuer-{number}"))
            if self._desk is not None and self._left() == left:
                return  # it came after all leases, and has waited as long as one may last

    def _enqueue_again(self) -> None:
        """Enqueue another job under each key that must be free by now, and have it done."""
        again = [
            Job(id=f"{job.own_id}-again", plan={"do": "ok"}, unique=job.unique, effects=0)
            for job in (self._jobs[number - 1] for number in self._life.again)
        ]
        if again:
            self._enqueue(again)
            self._await(self._worker("last"))
            self._again = again

    def _backlog(self) -> bool:
        return self._left() > 0

    def _left(self) -> int:
        return self._stage.backlog(self._names)

    def _heal(self, victim: _Process) -> None:
        """End a fault that lasts, once the locks that the victim had have expired."""
        injection = victim.injection
        if injection is None or injection.t is None or not FAULTS[injection.fault.action].lasts:
            return
        lease_s = (self._life.own or self._life.settings).lock_ttl_ms / 1000
        lease_s = max(lease_s, self._stage.target.again_within_s or 0.0)
        past = self._lag.deadline(_PAST_TTL * lease_s - (time.monotonic_ns() - injection.t) / 1e9)
        while not past.passed:
            self._pause()
        injection.heal()

    # Processes

    def _worker(
        self, who: str, fault: BoundaryFault | None = None, settings: WorkerSettings | None = None
    ) -> _Process:
        return self._start("work", who, fault, settings or self._life.settings)

    def _client(self, who: str, fault: BoundaryFault | None = None) -> _Process:
        """A producer or an operator."""
        return self._start(self._life.order, who, fault, PATIENT)

    def _start(
        self, do: str, who: str, fault: BoundaryFault | None, settings: WorkerSettings
    ) -> _Process:
        name = f"{self._prefix}-{who}"
        url = self._wire.listener(name)
        starting = self._stage.starts.begin()
        kind = Forked if self._desk is None else Family
        process = _Process(kind(name, partial(self._ended, starting)), starting)
        self._at_handlers.attach(process.forked)
        if fault is not None:
            planned = fault.planned(name, self._name_of)
            process.injection = (
                self._at_handlers.plan(planned)
                if of_handler(fault.at)
                else self._wire.inject(planned)
            )
        if who == "victim":
            self._acting.process = process.forked
            self._acting.hold(self._wire)
        self._wire.count(name, Match("all", lambda argv: self._sees(process, argv)))
        self._processes.append(process)
        history = str(self._history(name))
        burst = do == "work"
        spec = WorkerSpec(
            name=name,
            url=url,
            history=history,
            settings=settings,
            burst=burst,
            queues=self._life.serves if burst else (),
            desk=self._desk.address if self._desk else "",
        )
        log = self._run.directory / f"{who}.log"
        begin = partial(self._fork, process.forked, do, log)
        role = "worker" if do == "work" else "producer"
        process.life = start(begin, spec, self._record, self._wire, role)
        if self._desk is not None and do == "work":
            self._desk.hello(name, process.forked.pid)
        return process

    def _fork(
        self, forked: Forked, do: str, log: Path, spec: WorkerSpec, attach: Callable[[Handle], None]
    ) -> Handle:
        attach(forked)
        if do == "work" and self._stage.warm is not None:
            self._stage.warm.fork(forked, spec, log)
        else:
            jobs = () if do == "work" else self._ordered()
            told = order(do, spec, jobs, self._life.client)
            self._stage.fork_server.fork(forked, told, log=log)
        return forked

    def _ordered(self) -> Sequence[Job]:
        """The jobs that a producer or an operator is told of."""
        return [self._jobs[number - 1] for number in self._life.ordered] or self._jobs

    def _workers(self) -> list[int]:
        """The pids of the processes that have been forked and have not ended."""
        there = [p for p in list(self._processes) if p.life is not None and not p.over]
        return [process.forked.pid for process in there]

    def _await_injection(self, process: _Process) -> None:
        injection = process.injection
        if injection is None:
            return self._await(process)
        # A kill is known to have landed a little later than its victim is known to be dead.
        killed_itself = self._life.dies
        if self._desk is not None:
            self._until_idle(process, settled=lambda: injection.settled)
            if process.killed and not killed_itself:
                self._wait(lambda: injection.settled)
        else:
            self._wait(
                lambda: (
                    injection.settled or (process.over and (killed_itself or not process.killed))
                )
            )
        if process.over:
            self._await(process)
        return None

    def _await(self, process: _Process) -> None:
        """Wait until a process has ended, and note how."""
        if process.awaited:
            return
        name = process.forked.name
        # Its SIGTERM may have been meant for a job that another worker took.
        drained = self._acting.told is process.forked
        if self._desk is not None and not process.over:
            self._until_idle(process)
            if not drained:
                if self._let_canary_run(process):
                    self._until_idle(process, again_s=0.0)
                self._send_home(process)
        if not self._wait(lambda: process.over):
            if not (self._desk is not None and (process.sent_home or process.hit)):
                self._run.trouble.append(f"{name} had not left after {PATIENCE_S:g} s")
            process.forked.kill()
            self._wait(lambda: process.over)
        process.awaited = True
        status = process.life.look() if process.life else None
        if status is None:
            return
        may_be_killed = process.hit or self._life.dies
        # When a queue's worker leaves that was told to or hit, and how, is its own affair.
        if self._desk is not None and (process.sent_home or drained or process.hit):
            return
        if not (may_be_killed and process.killed) and status.code != 0 and not self._run.trouble:
            self._run.trouble.append(
                f"{name} ended with {status} although nobody ended it;"
                f" see its log in {self._run.directory}"
            )

    def _until_idle(
        self,
        process: _Process,
        *,
        settled: Callable[[], bool] = lambda: False,
        again_s: float | None = None,
    ) -> None:
        """Wait until a worker that may not know when nothing is left has ended, or has nothing left
        to do; or until nothing more is to be expected of it, from when it was there: the job of a
        dead worker comes within `again_s`, by default as late as the target says."""
        if again_s is None:
            again_s = self._stage.target.again_within_s or 0.0
        came = False
        deadline, idle = self._lag.deadline(again_s + PATIENCE_S), None
        while not (process.over or settled() or deadline.passed):
            if process.came and not came:
                came, deadline = True, self._lag.deadline(again_s + PATIENCE_S / 3)
            busy = not process.came or self._backlog()
            idle = None if busy else (idle or self._lag.deadline(_IDLE_S))
            if idle is not None and idle.passed:
                return
            self._pause()

    def _let_canary_run(self, process: _Process) -> bool:
        """Of a queue that nobody can look into, a job is lost only if a fresh one is run. True if
        one was: some queues look for the jobs of the dead only then."""
        asking = self._stage.target.asks
        if asking is None or self._canary or process.over or not self._backlog():
            return False
        self._canary = [Job(id=f"{self._prefix}-canary", plan={"do": "ok"}, effects=0)]
        (name,) = self._enqueue(self._canary)
        deadline = self._lag.deadline(PATIENCE_S)
        while not (done := asking.succeeded(name)) and not deadline.passed:
            self._pause()
        if not done:
            self._run.trouble.append(
                f"nobody works in the end: a fresh job was not run within {PATIENCE_S:g} s"
            )
        return done

    def _pause(self) -> None:
        """Wait for something to happen, for a moment."""
        with self._changed:
            self._changed.wait(_LOOK_S)

    def _send_home(self, process: _Process) -> None:
        """Tell a worker to leave that does not do so by itself."""
        process.sent_home = True
        name = process.forked.name
        about: dict[str, Any] = {"fault": f"home-{name}", "kind": "term", "target": name}
        about["phase"] = HOME
        self._record(FaultBegun(**about))
        process.forked.signal(signal.SIGTERM)
        self._record(FaultLanded(**about))

    def _wait(self, condition: Callable[[], bool]) -> bool:
        def lost() -> bool:
            return any(process.forked.lost for process in self._processes)

        deadline = self._lag.deadline(PATIENCE_S)
        with self._changed:
            while not (came := condition() or lost()) and not deadline.passed:
                self._changed.wait(max(0.0, deadline.left_s))
        if lost() and not self._closing:
            raise ForkServerGone("the fork server has ended, and with it every process of a cell")
        return came

    def _ended(self, start: Start) -> None:
        start.end()
        self._notify()

    def _notify(self) -> None:
        with self._changed:
            self._changed.notify_all()

    # The wire

    def _note(self, event: Event, *, t: int | None = None, process: str | None = None) -> None:
        """Write down an event of the wire, and see what it means for this run."""
        self._record(event, t=t, process=process)
        if isinstance(event, RigObstructed):
            self._run.obstructed = True
            self._run.trouble.append(str(event.error))
        ours = [process.injection.fault.id for process in self._processes if process.injection]
        if isinstance(event, FaultMissed) and event.fault in ours and not self._closing:
            self._run.missed = str(event.error)
        if isinstance(event, Fault):
            self._notify()

    def _sees(self, process: _Process, argv: list[bytes]) -> bool:
        process.start.end()
        process.came = process.came or _ASKS(argv)
        if process.injection is None or process.injection.waiting:
            phase = self._phase()
            process.commands.append(self._name_of(argv))
            process.phases.append((phase, phase))
        return True

    def _sees_handler(self, process: str, step: list[bytes]) -> None:
        """A handler's begin or end is a boundary, like a command."""
        for each in self._processes:
            if each.forked.name == process:
                self._sees(each, step)

    def _name_of(self, argv: list[bytes]) -> str:
        """A command by its name. One that sets a connection up tells nothing about a queue."""
        sets_up = self._stage.target.asks is not None and not _ASKS(argv)
        return CONNECT if sets_up else self._wire.name_of(argv)

    def _on_transition(self, exchange: Exchange, event: Transition) -> None:
        if event.answer != "ok":
            return
        self._transitions.append((exchange.t_reply, event.op))
        self._moved(exchange)
        self._acting.see(exchange, event)

    def _moved(self, exchange: Exchange) -> None:
        """Note how far the job has come by the last command of this name."""
        name = self._wire.name_of(exchange.argv)
        for process in self._processes:
            if process.forked.name == exchange.process and name in process.commands:
                last = len(process.commands) - 1 - process.commands[::-1].index(name)
                process.phases[last] = (process.phases[last][0], self._phase())

    def _phase(self, by: float = math.inf) -> str:
        """How far the job had come by a time; by now, if none is given."""
        done = [op for at, op in self._transitions if at <= by and op in _PHASES]
        before = {"worker": "queued", "operator": "dead-lettered"}.get(self._life.victim, "new")
        return _PHASES[done[-1]] if done else before

    # The end

    def _read_end(self) -> None:
        names = [process.forked.name for process in self._processes]
        for name in self._wire.still_busy(names):
            self._run.trouble.append(f"commands of {name} were still under way")
        self._samples.finish()
        self._expect()
        for event in read_final_state(self._stage.seer, self._run.jobs, self._record):
            if isinstance(event, FinalJob):
                self._run.unfinished |= event.state in _UNFINISHED
        self._run.fates = self._stage.fates(self._run.jobs)
        note_files(self._run.directory / "history", self._record)
        self._record(RigFinished())

    def _expect(self) -> None:
        """Write down how each job must end, and in which order jobs had to be started."""
        ends = [(self._life.end(number), job) for number, job in enumerate(self._jobs, 1)]
        told = [*zip(self._names, ends, strict=True)]
        told += [(job.own_id, (End(), job)) for job in (*self._again, *self._canary)]
        for name, (end, job) in told:
            self._record(end.of(job, name))
        self._run.jobs = [name for name, _ in told]
        if not self._run.cell.faults:
            for first, second in self._life.in_order:
                after = self._names[first - 1]
                self._record(Expected(job=self._names[second - 1], after=after))

    def close(self) -> None:
        """End what is left, and write down where the faults landed."""
        self._closing = True  # a fault that is missed from now on has never met its command
        try:
            for process in self._processes:
                process.start.end()
                if not process.over:
                    process.forked.kill()
                    self._wait(lambda process=process: process.over)  # type: ignore[misc]
            if self._desk is not None:  # a worker of another's may have started more
                names = [process.forked.name for process in self._processes]
                end_carrying(URL_VARIABLES[0], {self._wire.listener(name) for name in names})
            self._wire.close()
        except Exception as error:  # noqa: BLE001 - the same for all that a run can run into
            self._run.trouble.append(f"the rig itself failed: {error}")
        self._tell()
        if self._desk is not None:
            self._desk.close()
        self._lag.close()
        self._samples.stop()
        for process in self._processes:
            process.forked.close()
        for recorder in self._recorders:
            recorder.close()

    def _tell(self) -> None:
        """Say which faults have landed, and where the last of them did."""
        faulty = [process for process in self._processes if process.injection is not None]
        victims = [p for p in self._processes if p.forked.name.endswith("-victim")]
        self._run.landed = [process.hit for process in faulty]
        if not (told := faulty or victims):
            return
        last = told[-1]
        self._run.commands, self._run.phases = last.commands, last.phases
        if last.injection is None or last.injection.argv is None or last.injection.t is None:
            return
        self._run.command = self._name_of(last.injection.argv)
        self._run.phase = self._phase(last.injection.t)
