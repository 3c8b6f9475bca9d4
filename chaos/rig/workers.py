"""The processes of the target in a run: started, watched, sent home."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from random import Random

from chaos.checks.evidence import HOME
from chaos.faults import FAULTS, Side, data_command
from chaos.handlers import Desk
from chaos.history import Write
from chaos.history.events import ProcessIdle, ProcessReady, ProcessWorking
from chaos.processes import Handle, ProcessGroup, ProcessStillRunning
from chaos.rig.children import look_for_children
from chaos.rig.life import start
from chaos.rig.problem import RigProblem, WorkerProblem
from chaos.rig.progress import Progress
from chaos.rig.setup import Setup
from chaos.rig.wire import At, Wire
from chaos.rig.worker import Worker
from chaos.rig.worker_faults import WorkerFaults
from chaos.servers import Clock
from chaos.targets import Command, WorkerSettings, WorkerSpec

#: Limits for a process to say hello, and to leave after its grace period.
_READY_S = 20.0
_LEAVE_S = 10.0
#: Between two looks at the children of fleets.
_LOOK_S = 0.1
_SIDES: tuple[Side, ...] = ("before-send", "before-reply", "after-reply")


class Workers(WorkerFaults):
    """All worker processes of a run, and what can be done to them (`WorkerFaults`). `ProcessGroup`
    ends them when the run is left."""

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
        super().__init__(record, progress)
        self._setup = setup
        self._random = random
        self._directory = directory
        self._wire = wire
        self._url = url
        self._processes = processes
        #: Where the handlers of a target that asks do so.
        self._desk = desk
        self._looked_at = 0.0
        #: When a worker was last seen to be there, or to be gone.
        self.changed_at = time.monotonic()
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

    def _look_for_children(self, fleet: Worker) -> None:
        if look_for_children(fleet, self._record):
            self.changed_at = time.monotonic()

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

    def report(self, worker: Worker, *, works: bool) -> None:
        """Note whether a worker has taken a job that was offered to it."""
        worker.life.note(ProcessWorking if works else ProcessIdle)

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
