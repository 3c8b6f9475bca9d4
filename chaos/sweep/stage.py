"""One slot of the sweep: a database of its own, on which cells are played one after the other."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from chaos.history import Event, Recorder
from chaos.history.events import (
    Fault,
    FaultLanded,
    FaultMissed,
    FinalJob,
    FinalRead,
    ProcessExited,
    ProcessSpawned,
    RigFinished,
    RigObstructed,
    RigStarted,
)
from chaos.processes.forks import Fork, Nursery, NurseryGone
from chaos.rig.enqueue import enqueue
from chaos.servers import ServerProblem
from chaos.sweep.cell_run import Visit
from chaos.sweep.cells import FAULTS, Blow, Cell
from chaos.sweep.lives import PATIENT, SETTINGS
from chaos.sweep.tasks import order
from chaos.targets import CanCancel, Decode, Job, Target, WorkerSettings, WorkerSpec
from chaos.wire import Exchange, Injection, Match, WireProxy

#: How long a process may take for its whole part.
PATIENCE_S = 15.0
_QUIET_S = 5.0
#: Workers that may come after each other until nothing is left.
_RESCUERS = 4
#: A lasting fault lasts for so many lock TTLs at least.
_PAST_TTL = 1.25
_UNFINISHED = ("queued", "active", "retrying")

#: What a transition that the store accepted makes of a job.
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


@dataclass(slots=True)
class _Member:
    fork: Fork
    injection: Injection | None
    commands: list[str]
    worker: bool
    noted: bool = False

    @property
    def over(self) -> bool:
        return self.fork.status is not None

    @property
    def killed(self) -> bool:
        return self.fork.status is not None and self.fork.status.signal == signal.SIGKILL

    @property
    def hit(self) -> bool:
        return self.injection is not None and self.injection.landed


class Stage:
    """Where cells are played. To be used by one thread."""

    def __init__(self, target: Target, url: str, nursery: Nursery) -> None:
        self.target = target
        self.url = url
        self.nursery = nursery
        if target.inspector is None:
            raise ServerProblem(f"{target.name} has no inspector, which the sweep needs")
        self.inspector = target.inspector(url, SETTINGS)
        self.producer = target.producer(url, PATIENT)

    def check(self) -> None:
        """Raise WireProxyError or ServerProblem if cells could not reach the server here."""
        with WireProxy(self.url, lambda *_, **__: None) as proxy:
            proxy.check()

    def play(self, cell: Cell, directory: Path) -> Visit:
        """Play a cell; its history goes to `directory`, whose name is the prefix of all names."""
        began = time.monotonic()
        visit = Visit(cell=cell, directory=directory)
        (directory / "history").mkdir(parents=True)
        self.inspector.clean()
        run = _Run(self, visit)
        try:
            run.play()
        except NurseryGone:
            raise  # there will be no other run either
        except Exception as error:  # noqa: BLE001 - this run proves nothing, whatever it was
            visit.trouble.append(f"the rig itself failed: {str(error) or repr(error)}")
        finally:
            run.close()
        visit.seconds = time.monotonic() - began
        return visit

    def close(self) -> None:
        self.inspector.clean()
        self.inspector.close()
        self.producer.close()


class _Run:
    """One cell while it is played."""

    def __init__(self, stage: Stage, visit: Visit) -> None:
        self._stage = stage
        self._visit = visit
        self._life = visit.cell.story
        self._prefix = visit.directory.name
        self._jobs = self._life.make(self._prefix, visit.directory)
        wire = stage.target.wire
        self._decode: Decode = wire.decoder(SETTINGS) if wire else lambda _: ()
        self._changed = threading.Condition()
        self._members: list[_Member] = []
        self._transitions: list[tuple[int, str]] = []
        self._told_to_stop = False
        self._cancelled = False
        self._closing = False
        self._recorders = [self._recorder("rig"), self._recorder("producer")]
        self._record, self._produce = (recorder.write for recorder in self._recorders)
        self._proxy = WireProxy(stage.url, self._witness, self._observe)
        self._proxy.start()

    def _recorder(self, who: str) -> Recorder:
        name = f"{self._prefix}-{who}"
        return Recorder(self._history(name), name)

    def _history(self, name: str) -> Path:
        return self._visit.directory / "history" / f"{name}.jsonl"

    # The story

    def play(self) -> None:
        self._record(RigStarted())
        blows = list(self._visit.cell.blows)
        victim = self._victim(blows.pop(0) if blows else None)
        if self._life.victim != "worker":  # somebody does again what may have been done
            self._await(self._hand("second"))
        if victim.hit or self._backlog():
            rescuer = self._worker("rescuer", blows.pop(0) if blows else None)
            self._await_landing(rescuer)
            if rescuer.hit:
                self._await(self._worker("rescuer-2"))
        self._heal(victim)
        for member in self._members:
            self._await(member)
        self._clear()
        if self._life.again:
            self._enqueue_again()
        self._read_end()

    def _victim(self, blow: Blow | None) -> _Member:
        """Start who is hit, and wait until that has happened, or will not any more."""
        if self._life.victim == "producer":
            victim = self._hand("victim", blow)
        else:
            self._enqueue(self._jobs)
            if self._life.victim == "operator":
                self._await(self._worker("first"))  # its attempt puts the job among the dead
                (self._visit.directory / "mended").touch()
                victim = self._hand("victim", blow)
            else:
                victim = self._worker("victim", blow, self._life.settings)
        self._await_landing(victim)
        return victim

    def _enqueue(self, jobs: Sequence[Job]) -> None:
        problem = enqueue(self._stage.producer, jobs, SETTINGS, self._produce)
        if problem is not None:
            self._visit.trouble.append(f"a job could not be enqueued: {problem}")

    def _clear(self) -> None:
        """Let workers come until nothing is left to do, or clearly will be."""
        for number in range(3, _RESCUERS + 1):
            if not self._backlog():
                return
            self._await(self._worker(f"rescuer-{number}"))

    def _enqueue_again(self) -> None:
        (first,) = self._jobs
        again = Job(id=f"{first.id}-again", plan=first.plan, unique=first.unique, effects=0)
        self._jobs = (first, again)
        self._enqueue([again])
        self._await(self._worker("last"))

    def _backlog(self) -> bool:
        return self._stage.inspector.backlog() > 0

    def _heal(self, victim: _Member) -> None:
        """End a fault that lasts, once the locks that the victim had have expired."""
        injection = victim.injection
        if injection is None or injection.t is None or not FAULTS[self._fault].lasts:
            return
        past_s = (
            _PAST_TTL * self._life.settings.lock_ttl_ms / 1000
            - (time.monotonic_ns() - injection.t) / 1e9
        )
        time.sleep(max(0.0, past_s))
        if FAULTS[self._fault].action == "stop":
            victim.fork.resume()
        else:
            self._proxy.heal(victim.fork.name)

    @property
    def _fault(self) -> str:
        return self._visit.cell.blows[0].fault

    # Processes

    def _worker(
        self, who: str, blow: Blow | None = None, settings: WorkerSettings = SETTINGS
    ) -> _Member:
        return self._start("work", who, blow, settings)

    def _hand(self, who: str, blow: Blow | None = None) -> _Member:
        """A producer or an operator."""
        do = "enqueue" if self._life.victim == "producer" else "requeue"
        return self._start(do, who, blow, PATIENT)

    def _start(self, do: str, who: str, blow: Blow | None, settings: WorkerSettings) -> _Member:
        name = f"{self._prefix}-{who}"
        url = self._proxy.listen(name)
        injection = None if blow is None else self._proxy.plan(blow.planned(name, self._name))
        fork = Fork(name, self._notify)
        member = _Member(fork, injection, [], do == "work")
        self._proxy.count(name, Match("all", lambda argv: self._sees(member, argv)))
        self._members.append(member)
        self._proxy.attach(name, fork)
        now = time.monotonic_ns()
        spec = WorkerSpec(
            name=name, url=url, history=str(self._history(name)), settings=settings, burst=True
        )
        log = self._visit.directory / f"{who}.log"
        self._stage.nursery.start(fork, order(do, spec, log, self._jobs))
        self._record(ProcessSpawned(**self._about(member)), t=now)
        return member

    def _about(self, member: _Member) -> dict[str, Any]:
        """The fields that all events of a process have."""
        return {
            "name": member.fork.name,
            "role": "worker" if member.worker else "producer",
            "burst": member.worker,
            "child_pid": member.fork.pid,
        }

    def _await_landing(self, member: _Member) -> None:
        injection = member.injection
        if injection is None:
            return self._await(member)
        # A kill is known to have landed a little later than its victim is known to be dead.
        self._wait(lambda: injection.settled or (member.over and not member.killed))
        if member.over:
            self._await(member)
        return None

    def _await(self, member: _Member) -> None:
        """Wait until a process has ended, and note how."""
        if member.noted:
            return
        if not self._wait(lambda: member.over):
            self._visit.trouble.append(f"{member.fork.name} had not left after {PATIENCE_S:g} s")
            member.fork.kill()
            self._wait(lambda: member.over)
        member.noted = True
        status = member.fork.status
        if status is None:
            return
        self._record(ProcessExited(code=status.code, signal=status.signal, **self._about(member)))
        if not (member.hit and member.killed) and status.code != 0 and not self._visit.trouble:
            self._visit.trouble.append(
                f"{member.fork.name} ended with {status} although nobody ended it;"
                f" see its log in {self._visit.directory}"
            )

    def _wait(self, condition: Callable[[], bool]) -> bool:
        def lost() -> bool:
            return any(member.fork.orphaned for member in self._members)

        with self._changed:
            came = self._changed.wait_for(lambda: condition() or lost(), PATIENCE_S)
        if lost() and not self._closing:
            raise NurseryGone("the nursery has ended, and with it every process of a cell")
        return came

    def _notify(self) -> None:
        with self._changed:
            self._changed.notify_all()

    # The wire

    def _witness(
        self, event: Event, /, *, t: int | None = None, process: str | None = None
    ) -> None:
        self._record(event, t=t, process=process)
        if isinstance(event, RigObstructed):
            self._visit.obstructed = True
            self._visit.trouble.append(str(event.error))
        if isinstance(event, FaultMissed) and not self._closing:
            self._visit.missed = str(event.error)
        if isinstance(event, Fault):
            self._notify()

    def _sees(self, member: _Member, argv: list[bytes]) -> bool:
        if member.injection is None or member.injection.waiting:
            member.commands.append(self._name(argv))
        return True

    def _name(self, argv: list[bytes]) -> str:
        return command_name(self._stage.target, argv)

    def _observe(self, exchange: Exchange) -> None:
        for event in self._decode(exchange):
            seen = replace(event, t_sent=exchange.t_sent)
            self._record(seen, t=exchange.t_reply, process=exchange.process)
            if event.answer == "ok":
                self._transitions.append((exchange.t_reply, event.op))
                if event.op == "claim" and exchange.process == f"{self._prefix}-victim":
                    self._drain_victim()
                if event.op == "claim" and event.job == self._jobs[0].id:
                    self._cancel_first()

    def _drain_victim(self) -> None:
        """SIGTERM, where the life has one: its first claim has taken the job by now."""
        if not self._life.drained or self._told_to_stop:
            return
        self._told_to_stop = True
        victim = self._members[0]
        self._record(
            FaultLanded(
                fault=f"{self._prefix}-term", kind="term", target=victim.fork.name, phase="claimed"
            )
        )
        victim.fork.signal(signal.SIGTERM)

    def _cancel_first(self) -> None:
        """As its life may have it, and as an operator would: past the wire, and past its faults."""
        if not self._life.cancelled or self._cancelled:
            return
        self._cancelled = True
        producer = self._stage.producer
        if isinstance(producer, CanCancel):
            producer.cancel(self._jobs[0].id)
        else:
            self._visit.trouble.append(f"the producer of {self._stage.target.name} has no `cancel`")

    # The end

    def _read_end(self) -> None:
        for member in self._members:
            # A command that was in flight when its sender died may still land.
            if not self._proxy.quiet(member.fork.name, _QUIET_S):
                self._visit.trouble.append(f"commands of {member.fork.name} were still under way")
        for event in self._stage.inspector.final_state([job.id for job in self._jobs]):
            self._record(event)
            if isinstance(event, FinalJob):
                self._visit.unfinished |= event.state in _UNFINISHED
                if event.state == "missing" and self._life.again:
                    self._visit.trouble.append(f"no job {event.job}: its key was not free again")
        self._record(FinalRead(ok=True))
        self._record(RigFinished())

    def close(self) -> None:
        """End what is left, and write down where the faults landed."""
        self._closing = True  # a fault that is missed from now on has never met its command
        try:
            for member in self._members:
                if not member.over:
                    member.fork.kill()
                    self._wait(lambda member=member: member.over)  # type: ignore[misc]
            self._proxy.close()
        except Exception as error:  # noqa: BLE001 - the same for all that a run can run into
            self._visit.trouble.append(f"the rig itself failed: {error}")
        struck = [member for member in self._members if member.injection is not None]
        self._visit.landed = [member.hit for member in struck]
        victims = [m for m in self._members if m.fork.name.endswith("-victim")]
        last = (struck or victims)[-1] if struck or victims else None
        if last is not None:
            self._visit.commands = last.commands
            if last.hit and last.injection is not None:
                self._tell(last.injection)
        for member in self._members:
            member.fork.close()
        for recorder in self._recorders:
            recorder.close()

    def _tell(self, injection: Injection) -> None:
        assert injection.argv is not None
        assert injection.t is not None
        self._visit.command = self._name(injection.argv)
        done = [op for t, op in self._transitions if t <= injection.t and op in _PHASES]
        before = {"worker": "queued", "operator": "dead-lettered"}.get(self._life.victim, "new")
        self._visit.phase = _PHASES[done[-1]] if done else before


def command_name(target: Target, argv: list[bytes]) -> str:
    """A command as a report names it: by the transition that it makes, where it makes one."""
    for name, match in target.wire.moments.items() if target.wire else ():
        if match(argv):
            return name
    words = argv[:2] if argv[0].upper() in (b"CLIENT", b"SCRIPT") else argv[:1]
    return b"-".join(words).decode(errors="replace").upper()
