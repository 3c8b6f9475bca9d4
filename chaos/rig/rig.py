"""One run: a server, the wire, processes of the target, and the history of it all."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, ParamSpec

from chaos.history import Write
from chaos.history.events import FaultLanded
from chaos.rig.enqueue import enqueue
from chaos.rig.lag import LagWatch
from chaos.rig.load import Load
from chaos.rig.problem import RigProblem
from chaos.rig.producers import Producers
from chaos.rig.progress import Progress
from chaos.rig.redis import RedisFaults
from chaos.rig.samples import Samples
from chaos.rig.seen import Seen
from chaos.rig.setup import Setup
from chaos.rig.wire import At, OnWire, Wire
from chaos.rig.worker import Worker
from chaos.rig.workers import Workers
from chaos.servers import Server
from chaos.targets import EnqueueInDoubt, EnqueueRefused, Inspector, Job, RuinsJobs

P = ParamSpec("P")

#: Limit of a scenario's wait for a condition.
_PATIENCE_S = 30.0
#: Time for which workers are offered jobs before one that takes none is called idle.
_OFFER_S = 10.0
#: Beyond a bound, so that it is over on every clock.
_MARGIN_S = 0.1
#: Calm jobs come so often; one that is late has come by so long after the poll interval.
_CALM_TURNS = 4
_LATE_S = 0.6
#: Time without any work after which a fault that waits for a command is given up.
_IDLE_S = 2.0


@dataclass(slots=True, kw_only=True)
class Rig:
    """A scenario plays on this. Everything it does is written into the history.

    It has five faces: `workers` and `producers`, the processes; `wire`, faults at their commands;
    `redis`, faults of the server; and `seen`, conditions to wait for.
    """

    setup: Setup
    directory: Path
    #: Chance in a scenario comes from here, so that the seed plans the same faults.
    random: Random
    server: Server
    workers: Workers
    producers: Producers
    wire: Wire
    redis: RedisFaults
    seen: Seen
    lag: LagWatch
    samples: Samples
    progress: Progress
    #: Enters a context that lasts until the run is over, and all has been read.
    stays: Callable[[AbstractContextManager[Any]], Any]
    inspector: Inspector | None
    record: Write
    producer_log: Write
    #: A worker that SIGKILL ends is replaced at once, where the rig waits.
    replaces: bool = field(default=False, init=False)
    _ids: int = field(default=0, init=False)
    _loads: int = field(default=0, init=False)
    _damaged: int = field(default=0, init=False)

    # Jobs

    def job(self, plan: dict[str, Any] | None = None, **fields: Any) -> Job:
        """A job with an id of its own; fields as in `chaos.targets.Job`."""
        self._ids += 1
        return Job(id=f"job-{self._ids:05d}", plan=plan or {"do": "ok"}, **fields)

    def busy_jobs(self, low_ms: int, high_ms: int) -> list[Job]:
        """The number of jobs that the run is set up with, each of which works for a random time."""
        times = [self.random.randint(low_ms, high_ms) for _ in range(self.setup.jobs)]
        return [self.job({"do": "ok", "ms": ms}) for ms in times]

    def enqueue(
        self, jobs: Sequence[Job], through: str | None = None
    ) -> EnqueueRefused | EnqueueInDoubt | None:
        """Enqueue, and record what the producer knows about each; returns what was wrong, if
        anything. `through` is the URL of a listener (`wire.listener`)."""
        self.know(job.id for job in jobs if job.id is not None)
        answered: list[str] = []
        settings = self.setup.settings
        producer = self.setup.target.producer(through or self.server.url, settings)
        try:
            error = enqueue(producer, jobs, settings, self.producer_log, answered)
        finally:
            producer.close()
            self.know(answered)
        self.progress.say(f"enqueued {len(jobs)} jobs")
        return error

    def know(self, job_ids: Iterable[str]) -> None:
        """Let the final state tell about these jobs too, which another program enqueues."""
        self.seen.jobs.update(dict.fromkeys(job_ids))

    @contextmanager
    def load(self, *faults: At, crashes: bool = False) -> Iterator[Load]:
        """Enqueue jobs of all kinds all the time, until the block ends.

        The producers share a listener, `producer`, at whose commands the faults land. With
        `crashes`, some jobs kill their worker; who asks for these replaces it.
        """
        self._loads += 1
        target, settings = self.setup.target, self.setup.settings
        listener = self.wire.listener("producer", *faults)
        load = Load(
            f"load-{self._loads}",
            {word: connect(listener, settings) for word, connect in target.clients.items()},
            {*target.takes} if crashes else {*target.takes} - {"crashes"},
            settings,
            Random(self.random.random()),
            self.producer_log,
            # Nobody knows when a server whose clock is stepped comes to such a time, or forgets a
            # job that is done.
            {"due=until", "due=far", "kept=hour"} if self.setup.server.own_clock else (),
        )
        try:
            with load:
                yield load
        finally:
            self.know(load.job_ids)
            self.progress.say(f"enqueued {len({*load.job_ids})} jobs meanwhile")

    def damage(self, job: str, how: str) -> None:
        """Ruin a job, as others may by mistake (`chaos.targets.inspector`). It is not judged from
        now on; its neighbours are. Raises `RigProblem` where the target has no way."""
        if not isinstance(self.inspector, RuinsJobs):
            raise RigProblem(
                f"the target {self.setup.target.name} has no inspector that damages jobs; give it"
                " one, or choose another scenario"
            )
        self._damaged += 1
        fault = f"damage-{self._damaged:03d}"
        self.record(FaultLanded(fault=fault, kind="damage", job=job, phase=how))
        self.inspector.damage(job, how)
        self.progress.say(f"{job}: {how}")

    # Waiting

    def tend(self) -> None:
        """Note what has become of everybody. Whoever waits calls this meanwhile."""
        self.workers.tend()
        if self.replaces:
            self.workers.replace()
        self.seen.sample()

    def let_work(self, seconds: float) -> None:
        """Let everybody work for this long."""
        end = time.monotonic() + seconds
        while (left_s := end - time.monotonic()) > 0:
            self.tend()
            time.sleep(min(left_s, 0.01))

    def wait(
        self, for_what: str, condition: Callable[P, bool], *args: P.args, **more: P.kwargs
    ) -> None:
        """Wait until `condition(*args)` is true; raises `RigProblem` when it is not in time."""
        end = time.monotonic() + _PATIENCE_S
        while not condition(*args, **more):
            self.tend()
            if time.monotonic() > end:
                raise RigProblem(f"waited {_PATIENCE_S:g} s in vain for {for_what}")
            time.sleep(0.01)

    def allow(
        self, seconds: float, condition: Callable[P, bool], *args: P.args, **more: P.kwargs
    ) -> bool:
        """Wait until `condition(*args)` is true, or for so long. What did not come about is the
        verdict's business."""
        end = time.monotonic() + seconds
        while not (true := condition(*args, **more)) and time.monotonic() < end:
            self.let_work(0.01)
        return true

    def landed(self, *processes: OnWire, offer: Callable[[], Sequence[Job]] = tuple) -> None:
        """Wait until all faults that were planned for these processes have landed, or will not.

        One that does not land is the verdict's business. When there has been no work for a while,
        more is offered: others may have taken what was meant for them. Without an offer, those that
        still wait for their command wait in vain.
        """
        waiting = [injection for process in processes for injection in process.injections]
        end, idle_since = time.monotonic() + _PATIENCE_S, None
        while waiting and (now := time.monotonic()) < end:
            self.tend()
            for injection in [injection for injection in waiting if injection.settled]:
                waiting.remove(injection)
                if injection.landed:
                    fault = injection.fault
                    self.progress.say(f"{fault.action} of {injection.process} at {fault.where}")
            idle_since = idle_since or now if self.seen.idle() else None
            if idle_since is not None and now - idle_since > _IDLE_S:
                if not (more := offer()):
                    break
                self.enqueue(more)
                idle_since = None
            time.sleep(0.01)

    def stopped_at(self, moment: str, job: Job) -> Worker:
        """Start a worker, give it a job, and stop it (SIGSTOP) right before the command that makes
        this transition; for a release, it is told to leave. The command goes when it runs again."""
        zombie = self.workers.start(At(moment, "before-send", "pause", more={"then": "hold"}))
        self.enqueue([job])
        self.wait(f"{job.own_id} at work", zombie.started, job.own_id)
        if moment == "release":
            self.workers.signal(zombie, signal.SIGTERM)
        self.landed(zombie)
        return zombie

    def everyone_works(self) -> None:
        """Offer jobs until every worker that should be there has taken one, or clearly will not.

        One that takes none is the verdict's business.
        """
        self.allow(_PATIENCE_S, self.seen.idle)  # what faults have left behind is no offer
        begun, end = time.monotonic_ns(), time.monotonic() + _OFFER_S
        watched, offered = self.workers.present(), list[str]()
        idle = watched
        while idle and time.monotonic() < end:
            if self.seen.idle() or all(map(self.seen.done, offered)):
                there = [*self.workers.present(), *self.workers.fleets()]
                slots = sum(worker.slots() for worker in there)
                jobs = [self.job({"do": "ok", "ms": 30}) for _ in range(slots)]
                offered = [job.own_id for job in jobs]
                self.enqueue(jobs)
            self.let_work(0.05)
            idle = [worker for worker in idle if not worker.started_since(begun)]
        for worker in self.workers.present():
            if worker in watched:
                self.workers.report(worker, works=worker not in idle)

    def calm(self) -> None:
        """Let jobs come one by one while nothing disturbs anybody: each is to be started promptly.

        What faults have left behind may take a lock's TTL. Then all workers but for one slot each
        are busy, and jobs come that succeed, fail once, or are not due yet.
        """
        settings, present = self.setup.settings, len(self.workers.present())
        self.let_work(settings.lock_ttl_ms / 1000)
        busy = (settings.concurrency - 1) * present
        self.enqueue([self.job({"do": "ok", "ms": 800}) for _ in range(busy)])
        for _ in range(_CALM_TURNS):
            kinds = self.job(), self.job({"do": "fail", "times": 1}), self.job(delay_ms=100)
            self.enqueue(kinds)
            self.let_work(0.1)
        self.wait("the calm work to be done", self.seen.idle)
        self.let_work(settings.poll_max_ms / 1000 + _LATE_S)

    def settle(self) -> None:
        """Wait until all work is done, or clearly will not be; then until the wire is quiet."""
        self.progress.say("waiting until all work is done")
        end = time.monotonic() + self.setup.settle_s
        while not self.seen.idle() and self.workers.living() and time.monotonic() < end:
            self.tend()
            time.sleep(0.02)
        if "recovery" in self.setup.about:
            self._witness()
        self.workers.leave()
        self.seen.sample(at_once=True)
        if not self.setup.wire:
            return
        for name in self.wire.still_busy(worker.name for worker in self.workers.all):
            raise RigProblem(f"commands of {name} were still under way after all")

    def _witness(self) -> None:
        """Keep the workers until the jobs of the dead must have come to them. Work may be over
        before: a job that is lost leaves nothing to wait for."""
        since = self.workers.changed_at
        end = since + self.setup.recovery_s + _MARGIN_S
        if self.workers.living():
            self.let_work(end - time.monotonic())
            # The bound grows by that.
            self.let_work(end + 2 * self.lag.since(since) - time.monotonic())
