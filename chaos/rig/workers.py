"""The processes of the target in a run: started, watched, signalled, sent home."""

from __future__ import annotations

import itertools
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from random import Random
from signal import Signals

from chaos.checks.evidence import HOME
from chaos.faults import FAULTS, Side, data_command
from chaos.handlers import Desk
from chaos.history import Write
from chaos.history.events import (
    FaultBegun,
    FaultHealed,
    FaultLanded,
    FaultMissed,
    ProcessExited,
    ProcessIdle,
    ProcessReady,
    ProcessSpawned,
    ProcessWorking,
)
from chaos.processes import Handle, ProcessGroup, ProcessStillRunning, children_of, descendants_of
from chaos.rig.life import start
from chaos.rig.problem import RigProblem, WorkerProblem
from chaos.rig.progress import Progress
from chaos.rig.setup import Setup
from chaos.rig.wire import At, Wire
from chaos.rig.worker import Worker
from chaos.servers import Clock
from chaos.targets import Command, WorkerSettings, WorkerSpec

#: Limits for a process to say hello, and to leave after its grace period.
_READY_S = 20.0
_LEAVE_S = 10.0
#: Between two looks at the children of fleets.
_LOOK_S = 0.1
_SIDES: tuple[Side, ...] = ("before-send", "before-reply", "after-reply")


class Workers:
    """All worker processes of a run. `ProcessGroup` ends them when the run is left."""

    def __init__(
        self,
        setup: Setup,
        random: Random,
        directory: Path,
        wire: Wire,
        url: str,
        processes: ProcessGroup,
        record: Write,
        progress: Progress,
        desk: Desk | None,
    ) -> None:
        self._setup = setup
        self._random = random
        self._directory = directory
        self._wire = wire
        self._url = url
        self._processes = processes
        self._record = record
        self._progress = progress
        #: Where the handlers of a target that asks do so.
        self._desk = desk
        self._looked_at = 0.0
        #: When a worker was last seen to be there, or to be gone.
        self.changed_at = time.monotonic()
        self._faults = itertools.count(1)
        self.all: list[Worker] = []

    # Starting

    def start(
        self,
        *faults: At,
        burst: bool = False,
        settings: WorkerSettings | None = None,
        queues: tuple[str, ...] | None = None,
        clock: Clock | None = None,
    ) -> Worker:
        """Start a worker process behind a listener of its own; returns when it is ready.

        Faults are planned before it starts, so that its first commands can meet them. It serves
        `queues` in this order; by default all, each worker in another order. With a `clock` its
        wall clock can be stepped. Raises `WorkerProblem`.
        """
        command, settings = self._setup.target.worker, settings or self._setup.settings
        if clock is not None:
            command = replace(command, env={**command.env, **clock.environment()})
        served = queues or _rotated(settings.queues, len(self.all))
        worker = self._start("worker", command, settings, faults, burst, served)
        self._greet(worker)
        self._await_hello(worker)
        return self._is_ready(worker) if worker.ids() else worker

    def replace(self) -> None:
        """Start a worker in the place of each that SIGKILL has ended: the rig's, or a job's."""
        for victim in [worker for worker in self.all if not worker.replaced]:
            if not victim.is_fleet and victim.life.killed:
                victim.replaced = True
                self.start(queues=victim.queues)

    def start_all(self) -> list[Worker]:
        """Start as many workers as the run is set up with."""
        return [self.start() for _ in range(self._setup.workers)]

    def fleet(
        self, *, workers: int | None = None, queues: tuple[str, ...] = (), burst: bool = False
    ) -> Worker:
        """Start a parent with some workers (as many as the run is set up with), which share a
        listener and serve queues in one order (that of the settings); returns when all of them are
        there. Raises `RigProblem` where the target has no fleets."""
        command_of, count = self._setup.target.fleet, workers or self._setup.workers
        if command_of is None:
            raise RigProblem(
                f"the target {self._setup.target.name} has no fleet; give it one, or choose a"
                " scenario that starts its workers one by one"
            )
        fleet = self._start("fleet", command_of(count), self._setup.settings, (), burst, queues)
        self._is_ready(fleet)
        end = time.monotonic() + _READY_S
        while len(fleet.living_children()) < count and time.monotonic() < end:
            self.tend()
            time.sleep(0.01)
        return fleet

    def killed_around(self, moment: str) -> list[Worker]:
        """Start six workers that are to be killed, each at its first or second command that makes
        this transition: before it is sent, before its reply, right after that."""
        faults = [At(moment, _SIDES[n % 3], nth=1 + n // 3) for n in range(6)]
        self._random.shuffle(faults)
        return [self.start(fault) for fault in faults]

    def _start(
        self,
        role: str,
        command: Command,
        settings: WorkerSettings,
        faults: Sequence[At],
        burst: bool,
        queues: tuple[str, ...] = (),
    ) -> Worker:
        name = f"{role}-{1 + sum(worker.life.role == role for worker in self.all)}"
        history = self._directory / "history" / f"{name}.jsonl"
        log = self._directory / "logs" / f"{name}.log"
        wired = self._setup.wire
        url = self._wire.listener(name) if wired else self._url
        injections = [self._wire.planned(name, fault) for fault in faults]
        commands = self._wire.count(name, data_command()) if wired and self._desk else None
        spec = WorkerSpec(
            name=name,
            url=url,
            history=str(history),
            settings=settings,
            burst=burst,
            queues=queues,
            desk=self._desk.address if self._desk else "",
        )
        begin = partial(self._spawn, command, log)
        life = start(begin, spec, self._record, self._wire if wired else None, role)
        worker = Worker(life, log, settings, injections, history, queues, commands)
        worker.doomed = any(
            FAULTS.action(fault.action).to_process in ("ends", "leaves") for fault in faults
        )
        self.all.append(worker)
        return worker

    def _spawn(
        self, command: Command, log: Path, spec: WorkerSpec, attach: Callable[[Handle], None]
    ) -> Handle:
        process = self._processes.spawn(
            command.words(spec),
            log=log,
            env=command.environment(spec),
            cwd=command.cwd,
            name=spec.name,
        )
        attach(process)
        return process

    def _greet(self, worker: Worker) -> None:
        """Say hello for a worker whose handlers ask: it is there once it has asked the server for
        more than a connection."""
        if self._desk is None:
            return
        end = time.monotonic() + _READY_S
        while worker.alive and worker.commands is not None and not worker.commands.value:
            if time.monotonic() > end:
                raise WorkerProblem(
                    f"{worker.name} has sent no command within {_READY_S:g} s: does it use the"
                    f" server's URL in CHAOS_URL, or REDIS_URL? {worker.last_words()}"
                )
            self.tend()
            time.sleep(0.005)
        if worker.alive:
            self._desk.hello(worker.name, worker.life.process.pid)
        elif not worker.doomed:
            raise WorkerProblem(
                f"{worker.name} has left before it was ready; {worker.last_words()}"
            )

    def _await_hello(self, worker: Worker) -> None:
        end = time.monotonic() + _READY_S
        # A fault may have ended it before it was ready; that is the scenario's business.
        while not worker.ids() and worker.alive:
            if time.monotonic() > end:
                raise WorkerProblem(
                    f"{worker.name} was not ready within {_READY_S:g} s; {worker.last_words()}"
                )
            self.tend()  # an end that is seen late would look like a late end
            time.sleep(0.005)

    def _is_ready(self, worker: Worker) -> Worker:
        worker.life.note(ProcessReady)
        worker.ready = True
        self.changed_at = time.monotonic()
        self._progress.say(f"{worker.name} started")
        return worker

    # Watching

    def living(self) -> list[Worker]:
        return [worker for worker in self.all if worker.alive]

    def present(self) -> list[Worker]:
        """Workers that live and that nobody means to end."""
        return [each for each in self.living() if not each.is_fleet and not each.doomed]

    def fleets(self) -> list[Worker]:
        """Fleets that live and that nobody means to end."""
        return [each for each in self.living() if each.is_fleet and not each.doomed]

    def pids(self) -> list[int]:
        """The processes that are there to take jobs. May be called from any thread."""
        ready = [worker for worker in list(self.all) if worker.ready and not worker.life.gone]
        single = [worker.life.process.pid for worker in ready if not worker.is_fleet]
        children = [list(worker.children) for worker in ready]
        return [*single, *(pid for pids in children for pid in pids)]

    def tend(self) -> None:
        """Note who has ended, and who has come and gone in fleets."""
        for worker in self.all:
            self._look_for_end(worker)
        if time.monotonic() - self._looked_at >= _LOOK_S:
            self._look_at_fleets()

    def _look_at_fleets(self) -> None:
        self._looked_at = time.monotonic()
        for worker in self.all:
            if worker.is_fleet:
                self._look_for_children(worker)

    def _look_for_end(self, worker: Worker) -> None:
        status = worker.life.look()
        if status is not None:
            self.changed_at = time.monotonic()
        if status is None or worker.doomed or status.signal == signal.SIGKILL or status.code == 0:
            return
        self._progress.say(f"{worker.name} ended with {status} although nobody ended it")
        if not worker.ready:
            raise WorkerProblem(
                f"{worker.name} ended with {status} although nobody ended it; {worker.last_words()}"
            )

    def _look_for_children(self, fleet: Worker) -> None:
        there = [] if fleet.life.gone else children_of(fleet.life.process)
        # Ends come first: who was there already may have taken the place of one that ended.
        for child in fleet.living_children():
            if not child.alive:
                fleet.ended_pids.add(child.pid)
                # Its parent knows how it ended, we do not.
                self._note_child(ProcessExited, fleet, child.pid)
        for child in there:
            if child.pid not in fleet.children:
                fleet.children[child.pid] = child
                self._note_child(ProcessSpawned, fleet, child.pid)
        for pid in fleet.unseen():  # it came and went between two looks
            self._note_child(ProcessSpawned, fleet, pid)
            fleet.ended_pids.add(pid)
            self._note_child(ProcessExited, fleet, pid)

    def _note_child(
        self, event: type[ProcessSpawned] | type[ProcessExited], fleet: Worker, pid: int
    ) -> None:
        self.changed_at = time.monotonic()
        life = fleet.life
        about = event(
            name=f"{fleet.name}.{pid}", child_pid=pid, role="worker", burst=life.burst, **life.room
        )
        self._record(about)

    def report(self, worker: Worker, *, works: bool) -> None:
        """Note whether a worker has taken a job that was offered to it."""
        worker.life.note(ProcessWorking if works else ProcessIdle)

    # Signals

    def signal(self, worker: Worker, number: Signals, *, phase: str = "running") -> None:
        """Send a signal that is to end a process."""
        worker.life.process.await_delivery(number)
        worker.doomed = True
        with self._landing(self._name(), FAULTS.by_signal(number).name, worker.name, phase):
            worker.life.process.signal(number)
        self._progress.say(f"{number.name} to {worker.name}")

    def kill_all_of(self, worker: Worker) -> None:
        """SIGKILL to a process and to all that it has started."""
        worker.doomed = True
        with self._landing(self._name(), "kill", worker.name, "with all that it has started"):
            for child in list(descendants_of(worker.life.process)):
                child.signal(signal.SIGKILL)
            worker.life.process.signal(signal.SIGKILL)
        self._progress.say(f"SIGKILL to {worker.name}")

    def kill_child(self, worker: Worker, job: str) -> bool:
        """SIGKILL to the child of a worker that runs this job. False if the worker runs it itself:
        nothing is done then."""
        pid = worker.pid_of(job)
        for child in list(descendants_of(worker.life.process)):
            if child.pid == pid:
                with self._landing(self._name(), "kill", child.name, "a child that runs a job"):
                    child.signal(signal.SIGKILL)
                self._progress.say(f"SIGKILL to {child.name}")
                return True
        return False

    def signal_all(self, fleet: Worker, number: Signals) -> None:
        """Send a signal to a fleet's parent and workers at once, as a terminal does; or to a worker
        and all that it has started."""
        process = fleet.life.process
        children = fleet.living_children() if fleet.is_fleet else list(descendants_of(process))
        everyone = [process, *children]
        for process in everyone:
            process.await_delivery(number)
        fleet.doomed = True
        kind = FAULTS.by_signal(number).name
        with ExitStack() as landing:
            for process in everyone:
                landing.enter_context(
                    self._landing(self._name(), kind, process.name, "to the whole group")
                )
            for process in everyone:
                process.signal(number)
        self._progress.say(f"{number.name} to all of {fleet.name}")

    @contextmanager
    def stopped(self, worker: Worker) -> Iterator[None]:
        """SIGSTOP to a process; SIGCONT when the block ends. A fleet's workers go on meanwhile."""
        fault = self._name()
        with self._landing(fault, "pause", worker.name, "running"):
            worker.life.process.pause()
        try:
            yield
        finally:
            self.resume(worker)
        self._record(FaultHealed(fault=fault, kind="pause", target=worker.name, phase="running"))

    @contextmanager
    def all_stopped(self, worker: Worker) -> Iterator[None]:
        """SIGSTOP to a worker and to all that it has started; SIGCONT when the block ends."""
        with self.stopped(worker):
            children = list(descendants_of(worker.life.process))
            for child in children:
                child.pause()
            try:
                yield
            finally:
                for child in children:
                    child.resume()

    @contextmanager
    def stepped(self, worker: Worker, clock: Clock, seconds: float) -> Iterator[None]:
        """Step the wall clock of a process; step it back when the block ends."""
        for step_s in (seconds, -seconds):
            with self._landing(self._name(), "clock", worker.name, f"{step_s:+g} s"):
                clock.step(step_s)
            self._progress.say(f"the clock of {worker.name} is stepped by {step_s:+g} s")
            if step_s == seconds:
                yield

    def resume(self, worker: Worker) -> None:
        """SIGCONT to a process that a fault has stopped."""
        worker.life.process.resume()
        self._progress.say(f"SIGCONT to {worker.name}")

    def hit(self, fleet: Worker, pid: int, kind: str) -> str:
        """Hit one worker of a fleet with a fault that is a signal; returns the fault's id."""
        fault, number = self._name(), FAULTS[kind].signal
        assert number is not None, f"{kind} is no signal"
        with self._landing(fault, kind, f"{fleet.name}.{pid}", "running"):
            fleet.children[pid].signal(number)
        return fault

    def heal(self, fleet: Worker, pid: int, fault: str) -> None:
        """SIGCONT to a worker of a fleet that `hit` has stopped."""
        fleet.children[pid].resume()
        self._record(
            FaultHealed(fault=fault, kind="pause", target=f"{fleet.name}.{pid}", phase="running")
        )

    def missed(self, kind: str, why: str) -> None:
        """Note that a fault was wanted and did not come about, so the run proves little."""
        self._record(FaultMissed(fault=self._name(), kind=kind, phase="running", error=why))

    def hung(self, fleet: Worker, job: str) -> int:
        """Say that a job blocks, for good, the event loop of the fleet's worker that has started
        it; returns that worker's pid."""
        pid = fleet.pid_of(job)
        self._landed(self._name(), "block", f"{fleet.name}.{pid}", "by its own job")
        return pid

    @contextmanager
    def blocked(self, worker: Worker) -> Iterator[None]:
        """Say that a job blocks the event loop of this process somewhere in the block."""
        fault, phase = self._name(), "by its own job"
        self._landed(fault, "block", worker.name, phase)
        try:
            yield
        finally:
            self._record(FaultHealed(fault=fault, kind="block", target=worker.name, phase=phase))

    def _landed(self, fault: str, kind: str, target: str, phase: str) -> None:
        self._record(FaultLanded(fault=fault, kind=kind, target=target, phase=phase))

    @contextmanager
    def _landing(self, fault: str, kind: str, target: str, phase: str) -> Iterator[None]:
        """Note a fault that is carried out in the block."""
        self._record(FaultBegun(fault=fault, kind=kind, target=target, phase=phase))
        yield
        self._landed(fault, kind, target, phase)

    def _name(self) -> str:
        return f"signal-{next(self._faults):03d}"

    # Ending

    def leave(self) -> None:
        """Ask everybody to drain, and note how they left. Raises `ProcessStillRunning`."""
        for worker in self.living():
            worker.life.process.resume()
            worker.doomed = True
            with self._landing(f"home-{worker.name}", "term", worker.name, HOME):
                worker.life.process.signal(signal.SIGTERM)
        for worker in self.all:
            limit_s = worker.settings.grace_s + worker.settings.cleanup_s + _LEAVE_S
            try:
                worker.life.process.wait(limit_s)
            except ProcessStillRunning:
                if self._desk is None:
                    raise
                self.kill_all_of(worker)  # of a queue that takes longer than ours
                worker.life.process.wait(_LEAVE_S)
            while worker.living_children():  # of a fleet whose parent was killed
                self._look_for_children(worker)
                time.sleep(0.01)
        self.tend()
        self._look_at_fleets()


def _rotated(queues: tuple[str, ...], by: int) -> tuple[str, ...]:
    by %= len(queues)
    return queues[by:] + queues[:by]
