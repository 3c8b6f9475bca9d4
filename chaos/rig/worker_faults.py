"""The faults of worker processes that need no wire: signals, clocks, and jobs that block."""

from __future__ import annotations

import itertools
import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from signal import Signals

from chaos.faults import FAULTS
from chaos.history import Write
from chaos.history.events import FaultBegun, FaultHealed, FaultLanded, FaultMissed
from chaos.processes import descendants_of
from chaos.rig.progress import Progress
from chaos.rig.worker import Worker
from chaos.servers import Clock


class WorkerFaults:
    """What a scenario can do to workers, all of it written into the history."""

    def __init__(self, record: Write, progress: Progress) -> None:
        self._record = record
        self._progress = progress
        self._faults = itertools.count(1)

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
