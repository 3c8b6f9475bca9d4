"""The processes of the target in a run: started, watched, sampled, sent home."""

from __future__ import annotations

import contextlib
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

import psutil

from chaos.checks.evidence import HOME
from chaos.history import Write
from chaos.history.events import (
    FaultCancelled,
    FaultHealed,
    FaultLanded,
    FaultMissed,
    FinalWorker,
    Health,
    ProcessExited,
    ProcessIdle,
    ProcessReady,
    ProcessSpawned,
    ProcessWorking,
)
from chaos.processes.spawning import ProcessGroup
from chaos.rig.progress import Progress
from chaos.rig.worker import Member
from chaos.targets import Command, Inspector, ShowsHealth, Target, WorkerSettings, WorkerSpec
from chaos.wire import Action, Direction, Injection, Side, WireFault, WireProxy, data_command

#: How long a process may take to say hello, and to leave beyond its grace period.
_READY_S = 20.0
_LEAVE_S = 10.0
#: Between two looks at the health keys, and at the children of fleets.
_SAMPLE_S = 0.1


class RigProblem(Exception):
    """The run did not go as the scenario needs it: the verdict is unknown."""


class WorkerProblem(RigProblem):
    """A process of the target did not start."""


@dataclass(frozen=True, slots=True)
class At:
    """A fault at the nth command by which a process makes a transition (`Wire.moments`).

    The moment "any" is every command but those that set a connection up.
    """

    moment: str
    side: Side
    action: Action = "kill"
    nth: int = 1
    #: Other fields of `chaos.wire.WireFault`.
    more: dict[str, Any] = field(default_factory=dict)


class Crew:
    """Everybody who works in a run. Leaving the `with` block ends them all."""

    def __init__(
        self,
        directory: Path,
        target: Target,
        inspector: Inspector,
        proxy: WireProxy,
        direct: str | None,
        write: Write,
        progress: Progress,
    ) -> None:
        self._directory = directory
        self._target = target
        self._inspector = inspector
        self._proxy = proxy
        #: The server's URL for processes that go past the proxy; None: each has its listener.
        self._direct = direct
        self._write = write
        self._progress = progress
        self._processes = ProcessGroup()
        self._sampled_at = 0.0
        self._faults = 0
        self._injections: list[Injection] = []
        self._blind = False
        self.members: list[Member] = []

    def __enter__(self) -> Self:
        self._processes.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._processes.__exit__(kind, error, traceback)

    # Starting

    def worker(self, settings: WorkerSettings, faults: Sequence[At], *, burst: bool) -> Member:
        """Start one worker process; returns when it is ready. Raises `WorkerProblem`.

        The faults are planned before it starts, so that its first commands can meet them.
        """
        return self._start("worker", self._target.worker, settings, faults, burst=burst)

    def fleet(self, settings: WorkerSettings, workers: int, *, burst: bool) -> Member:
        """Start a parent with worker processes; returns when all of these are there."""
        if self._target.fleet is None:
            raise RigProblem(
                f"the target {self._target.name} starts no fleet; give it `fleet`, or choose a"
                " scenario that starts its workers one by one"
            )
        member = self._start("fleet", self._target.fleet(workers), settings, (), burst=burst)
        end = time.monotonic() + _READY_S
        while len(member.living_children()) < workers and time.monotonic() < end:
            self.tend()
            time.sleep(0.01)
        return member

    def _start(
        self,
        role: str,
        command: Command,
        settings: WorkerSettings,
        faults: Sequence[At],
        *,
        burst: bool,
    ) -> Member:
        name = f"{role}-{1 + sum(member.role == role for member in self.members)}"
        history = self._directory / "history" / f"{name}.jsonl"
        url = self._direct or self._proxy.listen(name)
        injections = [self._plan(name, fault) for fault in faults]
        told = WorkerSpec(name=name, url=url, history=str(history), settings=settings, burst=burst)
        log = self._directory / "logs" / f"{name}.log"
        process = self._processes.spawn(
            command.argv, log=log, env=command.environment(told), cwd=command.cwd, name=name
        )
        member = Member(name, role, process, history, settings, burst, injections=injections)
        member.doomed = any(fault.action == "kill" for fault in faults)
        self.members.append(member)
        if self._direct is None:
            self._proxy.attach(name, process)
        self._write(ProcessSpawned(**_about(member)))
        if role == "worker":
            self._await_hello(member)
        self._write(ProcessReady(**_about(member)))
        member.ready = True
        self._progress.say(f"{name} started")
        return member

    def door(self, name: str, faults: Sequence[At]) -> str:
        """The URL of a listener for a client that is no process of its own, with its faults."""
        url = self._proxy.listen(name)
        for fault in faults:
            self._plan(name, fault)
        return url

    def plan(self, member: Member, fault: At) -> Injection:
        """Let a fault land at a later command of a process that runs already."""
        injection = self._plan(member.name, fault)
        member.injections.append(injection)
        member.doomed |= fault.action == "kill"
        return injection

    def _plan(self, process: str, at: At) -> Injection:
        moments = self._target.wire.moments if self._target.wire else {}
        match = data_command() if at.moment == "any" else moments.get(at.moment)
        if match is None:
            raise RigProblem(
                f"the target {self._target.name} does not say which command makes a {at.moment};"
                " give it `wire`, or choose a scenario that works by signals"
            )
        self._faults += 1
        injection = self._proxy.plan(
            WireFault(
                id=f"wire-{self._faults:03d}",
                process=process,
                match=match,
                nth=at.nth,
                side=at.side,
                action=at.action,
                phase=f"{at.moment}/{at.side}",
                **at.more,
            )
        )
        self._injections.append(injection)
        return injection

    def call_off(self) -> None:
        """Take back all faults that have not landed."""
        for injection in self._injections:
            injection.cancel()
            if not injection.landed:  # where there are many, one may forestall another
                fault = injection.fault
                about = _about_fault(fault.id, fault.action, fault.process)
                self._write(FaultCancelled(**about))
                injection.give_up()

    def cut_off(self, member: Member, direction: Direction, phase: str) -> None:
        """A partition: nothing passes between this process and the server, nothing is closed."""
        self._proxy.partition(member.name, direction, phase=phase)

    def reconnect(self, member: Member) -> None:
        """End its partition; what was held back passes, in order."""
        self._proxy.heal(member.name)

    def disconnect(self, member: Member, phase: str) -> None:
        """Reset all connections of a process."""
        self._proxy.reset(member.name, phase=phase)

    def report(self, member: Member, *, works: bool) -> None:
        """Note whether a process has taken a job that was offered to it."""
        event = ProcessWorking if works else ProcessIdle
        self._write(event(**_about(member)))

    def _await_hello(self, member: Member) -> None:
        end = time.monotonic() + _READY_S
        # A fault may have ended it before it was ready; that is the scenario's business.
        while not member.events("hello") and member.process.alive:
            if time.monotonic() > end:
                raise WorkerProblem(
                    f"{member.name} was not ready within {_READY_S:g} s; see {member.process.log}"
                )
            time.sleep(0.005)

    # Watching

    def tend(self) -> None:
        """Note who has ended, find the children of fleets, look at the health keys."""
        for member in self.members:
            self._look_for_end(member)
        if time.monotonic() - self._sampled_at >= _SAMPLE_S:
            self._sampled_at = time.monotonic()
            for member in self.members:
                self._look_for_children(member)
            if not self._blind:
                self._sample_health()

    def _look_for_end(self, member: Member) -> None:
        status = None if member.gone else member.process.poll()
        if status is None:
            return
        member.gone = True
        exited = ProcessExited(code=status.code, signal=status.signal, **_about(member))
        self._write(exited)
        if member.doomed or status.signal == signal.SIGKILL or status.code == 0:
            return
        self._progress.say(f"{member.name} ended with {status} although nobody ended it")
        if not member.ready:
            raise WorkerProblem(
                f"{member.name} ended with {status} although nobody ended it;"
                f" see {member.process.log}"
            )

    def _look_for_children(self, member: Member) -> None:
        if member.role != "fleet":
            return
        if not member.gone:
            try:
                found = psutil.Process(member.process.pid).children()
            except psutil.NoSuchProcess:
                found = []
            for child in found:
                if child.pid not in member.children:
                    member.children[child.pid] = child
                    self._write(ProcessSpawned(**_about_child(member, child.pid)))
        for pid, child in member.children.items():
            if pid not in member.ended_pids and not _lives(child):
                member.ended_pids.add(pid)
                # Its parent knows how it ended, we do not.
                self._write(ProcessExited(**_about_child(member, pid)))

    def _sample_health(self) -> None:
        if not isinstance(self._inspector, ShowsHealth):
            return
        workers = [worker for member in self.members for worker in member.worker_ids]
        for worker, ttl_ms in self._inspector.health(workers).items():
            self._write(Health(worker=worker, seen=ttl_ms is not None))

    @property
    def blind(self) -> bool:
        """Whether the server answers nobody at the moment, by the rig's doing."""
        return self._blind

    @blind.setter
    def blind(self, blind: bool) -> None:
        self._blind = blind
        self._proxy.server_is_away(blind)

    # Faults by signal

    def strike(self, member: Member, pid: int, kind: Literal["kill", "stop"]) -> str:
        """SIGKILL or SIGSTOP to one worker of a fleet, which runs at the moment; the fault's id."""
        self._faults += 1
        fault = f"strike-{self._faults:03d}"
        self._write(FaultLanded(**_about_fault(fault, kind, f"{member.name}.{pid}")))
        with contextlib.suppress(psutil.NoSuchProcess):
            member.children[pid].send_signal({"kill": signal.SIGKILL, "stop": signal.SIGSTOP}[kind])
        return fault

    def heal(self, member: Member, pid: int, fault: str) -> None:
        """SIGCONT to a worker of a fleet that `strike` has stopped."""
        with contextlib.suppress(psutil.NoSuchProcess):
            member.children[pid].send_signal(signal.SIGCONT)
        self._write(FaultHealed(**_about_fault(fault, "stop", f"{member.name}.{pid}")))

    def missed(self, kind: str, why: str) -> None:
        """Note that a fault was wanted and did not come about, so the run proves little."""
        self._faults += 1
        about = _about_fault(f"strike-{self._faults:03d}", kind, None)
        self._write(FaultMissed(error=why, **about))

    # Ending

    def present(self) -> list[Member]:
        """Workers that live and that nobody means to end."""
        return [m for m in self.living() if m.role == "worker" and not m.doomed]

    def living(self) -> list[Member]:
        return [member for member in self.members if member.process.alive]

    def leave(self) -> None:
        """Ask everybody to drain, and note how they left. Raises `WorkerProblem`."""
        for member in self.living():
            member.process.resume()
            self._write(
                FaultLanded(
                    fault=f"home-{member.name}", kind="term", target=member.name, phase=HOME
                )
            )
            member.process.signal(signal.SIGTERM)
        for member in self.members:
            limit_s = member.settings.grace_s + member.settings.cleanup_s + _LEAVE_S
            member.process.wait(limit_s)
            while member.living_children():  # of a fleet whose parent was killed
                self._look_for_children(member)
                time.sleep(0.01)
        self._sampled_at = 0.0
        self.tend()

    def final_workers(self) -> list[FinalWorker]:
        """An event for each worker that there was."""
        pids = {w: pid for member in self.members for w, pid in member.worker_ids.items()}
        if not isinstance(self._inspector, ShowsHealth):
            return []
        seen = self._inspector.health(list(pids))
        return [
            FinalWorker(worker=worker, alive=psutil.pid_exists(pid), seen=seen[worker] is not None)
            for worker, pid in pids.items()
        ]


def _about(member: Member) -> dict[str, Any]:
    """The fields that all events of a process have."""
    return {
        "name": member.name,
        "child_pid": member.process.pid,
        "role": member.role,
        "burst": member.burst,
    }


def _about_child(member: Member, pid: int) -> dict[str, Any]:
    """The same for a worker of a fleet."""
    return _about(member) | {"name": f"{member.name}.{pid}", "child_pid": pid, "role": "worker"}


def _about_fault(fault: str, kind: str, target: str | None) -> dict[str, Any]:
    return {"fault": fault, "kind": kind, "target": target, "phase": "running"}


def _lives(process: psutil.Process) -> bool:
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
