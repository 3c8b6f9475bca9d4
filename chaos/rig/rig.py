"""One run: a server, a wire proxy, processes of the target, and the history of it all."""

from __future__ import annotations

import json
import shutil
import signal
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import cached_property
from random import Random
from typing import Any, ParamSpec

from chaos.history import Recorder
from chaos.history.events import (
    FaultHealed,
    FaultLanded,
    FinalRead,
    RigBroken,
    RigFinished,
    RigStarted,
    ServerUp,
)
from chaos.rig import options as record
from chaos.rig.enqueue import enqueue
from chaos.rig.load import Load
from chaos.rig.options import Options
from chaos.rig.progress import Progress
from chaos.rig.redis_faults import RedisFaults
from chaos.rig.scenario import Scenario
from chaos.rig.worker import Member
from chaos.rig.workers import At, Crew, RigProblem
from chaos.servers import Durability, Server, ServerClock, ServerProblem, is_url, mask, open_server
from chaos.targets import CountsDead, Decode, Job, ShowsHealth, Target, WorkerSettings, find_target
from chaos.wire import Direction, Exchange, Side, WireProxy

P = ParamSpec("P")

#: How long a scenario waits for what it needs before it gives up.
_PATIENCE_S = 30.0
#: How long workers are offered jobs before one that takes none is called idle.
_OFFER_S = 10.0
#: How long there must be nothing to do before a fault that waits for a command is given up.
_IDLE_S = 2.0
#: How long commands may be under way after their senders have left or died.
_QUIET_S = 5.0


class Rig:
    """What a scenario plays on. Everything it does is written into the history."""

    def __init__(self, scenario: Scenario, options: Options, progress: Progress) -> None:
        self.scenario = scenario
        self.options = options
        self.progress = progress
        self.seed = options.seed if options.seed is not None else record.new_seed()
        #: Chance in a scenario comes from here, so that the seed plans the same faults.
        self.random = Random(self.seed)
        self.workers = options.workers or scenario.workers
        self.jobs = options.jobs or scenario.jobs
        self.settings = scenario.settings
        self.parameters = {p.name: p.default for p in scenario.parameters} | {**options.parameters}
        self.durability: Durability = self.parameters.get("durability", scenario.durability)
        self.target: Target = find_target(options.target)
        self._job_ids: list[str] = []
        self._ids = 0
        self._loads = 0
        #: Fields of a story's own for each transition, asked for before its reply goes on.
        self.stamp: Callable[[], dict[str, Any]] = dict

    # The frame of a run

    @contextmanager
    def open(self) -> Iterator[Rig]:
        """Start server and proxy; at the end stop everything that was started."""
        if self.scenario.owns_server and is_url(self.options.redis):
            raise ServerProblem(
                f"{self.scenario.name} does to the server what only its owner may, and the one at"
                f" {mask(self.options.redis)} was not started by the rig; use embedded, local or"
                " container"
            )
        self.directory = self.options.run_directory(self.scenario.name)
        with ExitStack() as stack:
            stack.push(self._leave_no_trace)
            self._recorder = Recorder(self.directory / "history" / "rig.jsonl", "rig")
            stack.callback(self._recorder.close)
            self._write = self._recorder.write
            own_clock = self.scenario.own_clock and self.scenario.lacking() is None
            self._clock = ServerClock(self.directory / "server") if own_clock else None
            self.server: Server = open_server(
                self.options.redis,
                self.directory / "server",
                durability=self.durability,
                environment=self._clock.environment() if self._clock else None,
            )
            self._write_run("unknown")
            stack.enter_context(self.server)
            self._write_run(self.server.version)
            self._write(ServerUp())
            if self.target.prepare is not None:
                self.target.prepare(self.server.url)
            self._producer_log = Recorder(self.directory / "history" / "producer.jsonl", "producer")
            stack.callback(self._producer_log.close)
            if self.target.inspector is None:
                raise ServerProblem(f"{self.target.name} has no inspector, which the rig needs")
            self.inspector = self.target.inspector(self.server.url, self.settings)
            stack.callback(self.inspector.close)
            if self.server.pid is None:  # a server that is not ours is left as it was found
                stack.callback(self.inspector.clean)
            proxy = WireProxy(self.server.url, self._write, self._observe)
            self._proxy = stack.enter_context(proxy)
            self.crew = stack.enter_context(
                Crew(
                    self.directory,
                    self.target,
                    self.inspector,
                    self._proxy,
                    None if self.scenario.wire else self.server.url,
                    self._write,
                    self.progress,
                )
            )
            self.redis = RedisFaults(
                self.server, self.durability, self._clock, self.crew, self._write, self.progress
            )
            #: Enters a context that lasts until the run is over, and all has been read.
            self.stays = stack.enter_context
            self._write(RigStarted())
            yield self

    def _leave_no_trace(self, kind: object, error: BaseException | None, _: object) -> None:
        """A run that could not begin leaves no directory; its reason has been told in full."""
        if isinstance(error, ServerProblem):
            shutil.rmtree(self.directory)

    def _write_run(self, server: str) -> None:
        run = {
            "scenario": self.scenario.name,
            "target": self.target.name,
            "seed": self.seed,
            "command": self.options.command(self.scenario.name, self.seed),
            "about": list(self.scenario.guarantees),
            "promises": sorted(self.target.promises),
            "offers": sorted(self.target.offers),
            "workers": self.workers,
            "jobs": self.jobs,
            "burst": False,
            "parameters": self.parameters,
            "settings": record.settings(self.settings),
            "versions": record.versions(self.target, server),
            "timing": record.timing(self.settings, self.scenario.recovery_slack_ms),
        }
        (self.directory / "run.json").write_text(json.dumps(run, indent=2) + "\n")

    @cached_property
    def _decode(self) -> Decode:
        """Made at the first command: a scenario may have changed the settings before."""
        wire = self.target.wire
        return wire.decoder(self.settings) if wire else lambda _: ()

    def _observe(self, exchange: Exchange) -> None:
        for event in self._decode(exchange):
            self._write(
                replace(event, t_sent=exchange.t_sent, **self.stamp()),
                t=exchange.t_reply,
                process=exchange.process,
            )

    def play(self) -> None:
        """The story, then what every story needs: faults settled, work done, the end read."""
        if reason := self.scenario.lacking():
            raise RigProblem(reason)
        if self.scenario.wire:
            self._proxy.check()
        self.scenario.play(self)
        self.settle()
        self._read_final_state()
        self._write(RigFinished())

    def broke(self, error: BaseException) -> None:
        """Note that the run cannot be judged, and what exactly happened in `logs/rig.log`."""
        self._write(RigBroken(error=str(error) or type(error).__name__))
        logs = self.directory / "logs"
        logs.mkdir(exist_ok=True)
        with (logs / "rig.log").open("a") as log:
            log.writelines(traceback.format_exception(error))

    # What scenarios do

    def job(self, plan: dict[str, Any] | None = None, **fields: Any) -> Job:
        """A job with an id of its own; fields as in `chaos.targets.target.Job`."""
        self._ids += 1
        return Job(id=f"job-{self._ids:05d}", plan=plan or {"do": "ok"}, **fields)

    def enqueue(self, jobs: Sequence[Job], through: str | None = None) -> None:
        """Enqueue, and record what the producer knows about each; `through` is a `door`."""
        self.know(job.id for job in jobs)
        producer = self.target.producer(through or self.server.url, self.settings)
        try:
            enqueue(producer, jobs, self.settings, self._producer_log.write)
        finally:
            producer.close()
        self.progress.say(f"enqueued {len(jobs)} jobs")

    def door(self, name: str, *faults: At) -> str:
        """The server's URL behind a listener of its own, for a client in this process."""
        return self.crew.door(name, faults)

    def know(self, job_ids: Iterable[str]) -> None:
        """Let the final state tell about these jobs too, which somebody else enqueues."""
        self._job_ids.extend(job_ids)

    def worker(
        self, *faults: At, burst: bool = False, settings: WorkerSettings | None = None
    ) -> Member:
        """Start a worker process behind a listener of its own, and wait until it is ready.

        Faults are planned before it starts.
        """
        return self.crew.worker(settings or self.settings, faults, burst=burst)

    def fleet(self, workers: int | None = None, *, burst: bool = False) -> Member:
        """Start a fleet; its parent and all its workers share one listener."""
        return self.crew.fleet(self.settings, workers or self.workers, burst=burst)

    def signal(self, member: Member, number: signal.Signals, *, phase: str = "running") -> None:
        """Send a signal to a process, by hand."""
        kinds = {signal.SIGKILL: "kill", signal.SIGTERM: "term", signal.SIGINT: "int"}
        self._ids += 1
        self._write(
            FaultLanded(
                fault=f"fault-{self._ids:05d}", kind=kinds[number], target=member.name, phase=phase
            )
        )
        member.doomed = True
        member.process.signal(number)
        self.progress.say(f"{number.name} to {member.name}")

    @contextmanager
    def load(self, *faults: At) -> Iterator[Load]:
        """Enqueue jobs of several kinds all the time, until the block ends.

        The producer has a listener of its own, `producer`, at whose commands the faults land.
        """
        self._loads += 1
        load = Load(
            f"load-{self._loads}",
            self.target.producer(self.door("producer", *faults), self.settings),
            self.settings,
            Random(self.random.random()),
            self._producer_log.write,
        )
        try:
            with load:
                yield load
        finally:
            self.know(load.job_ids)
            self.progress.say(f"enqueued {len(load.job_ids)} jobs meanwhile")

    def pause(self, seconds: float) -> None:
        """Let everybody work for so long."""
        end = time.monotonic() + seconds
        while (left_s := end - time.monotonic()) > 0:
            self.crew.tend()
            time.sleep(min(left_s, 0.01))

    def plan(self, member: Member, fault: At) -> None:
        """Let a fault land at a later command of a process that runs already."""
        self.crew.plan(member, fault)

    def call_off(self) -> None:
        """Take back all faults that have not landed: their commands did not come, or others came
        before them."""
        self.crew.call_off()

    def reconnect(self, member: Member) -> None:
        """End what holds up the commands of a process."""
        self.crew.reconnect(member)

    @contextmanager
    def blocked(self, member: Member) -> Iterator[None]:
        """Say that a job blocks the event loop of this process somewhere in the block."""
        self._ids += 1
        about: dict[str, Any] = {
            "fault": f"fault-{self._ids:05d}",
            "kind": "block",
            "target": member.name,
            "phase": "by its own job",
        }
        self._write(FaultLanded(**about))
        yield
        self._write(FaultHealed(**about))

    @contextmanager
    def cut_off(self, member: Member, direction: Direction = "both") -> Iterator[None]:
        """A partition between a process and the server, in one direction or both."""
        self.progress.say(f"{member.name} is cut off ({direction})")
        self.crew.cut_off(member, direction, f"cut off, {direction}")
        yield
        self.crew.reconnect(member)
        self.progress.say(f"{member.name} is connected again")

    def everyone_works(self) -> None:
        """Offer jobs until every worker that should be there has taken one, or clearly will not.

        One that takes none is the verdict's business.
        """
        begun, end = time.monotonic_ns(), time.monotonic() + _OFFER_S
        idle = self.crew.present()
        while idle and time.monotonic() < end:
            if not self.inspector.backlog():
                slots = self.settings.concurrency * len(self.crew.present())
                self.enqueue([self.job({"do": "ok", "ms": 30}) for _ in range(slots)])
            self.pause(0.05)
            idle = [member for member in idle if not member.started_since(begun)]
        for member in self.crew.present():
            self.crew.report(member, works=member not in idle)

    def resume(self, member: Member) -> None:
        """SIGCONT to a process that a fault has stopped."""
        member.process.resume()
        self.progress.say(f"SIGCONT to {member.name}")

    def seen(self, member: Member) -> bool:
        """Whether the store shows this worker as alive."""
        if not isinstance(self.inspector, ShowsHealth):
            raise RigProblem(f"the inspector of {self.target.name} has no `health`")
        return any(ttl is not None for ttl in self.inspector.health([*member.worker_ids]).values())

    def unseen(self, member: Member) -> bool:
        return not self.seen(member)

    def gone(self, member: Member) -> bool:
        """Whether this process, and all workers of this fleet, have ended."""
        return member.gone and not member.living_children()

    def done_by_another(self, job: str, than: Member) -> bool:
        """Whether a process other than this one has succeeded in a job."""
        return any(m.ended(job) for m in self.crew.members if m is not than)

    def started_by_another(self, job: str, than: Member) -> bool:
        """Whether a process other than this one has started a job."""
        return any(m.started(job) for m in self.crew.members if m is not than)

    def started(self, job: str) -> bool:
        """Whether any process has started a job."""
        return any(member.started(job) for member in self.crew.members)

    def done(self, job: str) -> bool:
        """Whether any process has succeeded in a job."""
        return any(member.ended(job) for member in self.crew.members)

    def dead_lettered(self) -> int:
        """How many jobs are in the dead-letter queue."""
        if not isinstance(self.inspector, CountsDead):
            raise RigProblem(f"the inspector of {self.target.name} has no `dead_lettered`")
        return self.inspector.dead_lettered()

    def wait(
        self, for_what: str, condition: Callable[P, bool], *args: P.args, **more: P.kwargs
    ) -> None:
        """Wait until `condition(*args)` is true; raises `RigProblem` when it is not in time."""
        end = time.monotonic() + _PATIENCE_S
        while not condition(*args, **more):
            self.crew.tend()
            if time.monotonic() > end:
                raise RigProblem(f"waited {_PATIENCE_S:g} s in vain for {for_what}")
            time.sleep(0.01)

    def kill_around(self, moment: str) -> None:
        """Start six workers and kill each at its first or second command that makes this
        transition: before it is sent, before its reply, right after that."""
        sides: tuple[Side, ...] = ("before-send", "before-reply", "after-reply")
        moments = [At(moment, sides[n % 3], nth=1 + n // 3) for n in range(6)]
        self.random.shuffle(moments)
        self.landed(*[self.worker(one) for one in moments])

    def landed(self, *members: Member) -> None:
        """Wait until all faults that were planned for these processes have landed, or will not.

        One that does not land is the verdict's business. When there has been no work for a while,
        those that still wait for their command wait in vain.
        """
        waiting = [injection for member in members for injection in member.injections]
        end, idle_since = time.monotonic() + _PATIENCE_S, None
        while waiting and (now := time.monotonic()) < end:
            self.crew.tend()
            for injection in [injection for injection in waiting if injection.settled]:
                waiting.remove(injection)
                if injection.landed:
                    fault = injection.fault
                    self.progress.say(f"{fault.action} of {injection.process} at {fault.where}")
            idle_since = None if self.inspector.backlog() else idle_since or now
            if idle_since is not None and now - idle_since > _IDLE_S:
                break
            time.sleep(0.01)

    def settle(self) -> None:
        """Wait until the store is empty, or clearly will not be; then until the wire is quiet."""
        self.progress.say("waiting until all work is done")
        end = time.monotonic() + self.scenario.settle_s
        while self.inspector.backlog() and self.crew.living() and time.monotonic() < end:
            self.crew.tend()
            time.sleep(0.02)
        self.crew.leave()
        for member in self.crew.members:
            # A command that was in flight when its sender died may still land.
            if self.scenario.wire and not self._proxy.quiet(member.name, _QUIET_S):
                raise RigProblem(f"commands of {member.name} were still under way after all")

    def _read_final_state(self) -> None:
        try:
            for event in self.inspector.final_state(self._job_ids):
                self._write(event)
            for worker in self.crew.final_workers():
                self._write(worker)
        except Exception as error:
            self._write(FinalRead(ok=False, error=str(error)))
            raise
        self._write(FinalRead(ok=True))
