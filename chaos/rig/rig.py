"""One run: a server, the wire, processes of the target, and the history of it all."""

from __future__ import annotations

import shutil
import signal
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, ParamSpec, TypeVar

import redis

from chaos.handlers import Desk
from chaos.history import Recorder, Write
from chaos.history.events import (
    FaultLanded,
    FinalRead,
    RigBroken,
    RigFinished,
    RigStarted,
    ServerDown,
    ServerUp,
)
from chaos.processes import ProcessGroup
from chaos.rig.canary import ends_of_jobs
from chaos.rig.ending import note_files, read_final_state
from chaos.rig.enqueue import enqueue
from chaos.rig.lag import LagWatch
from chaos.rig.load import Load
from chaos.rig.problem import RigProblem
from chaos.rig.producers import Producers
from chaos.rig.progress import Progress
from chaos.rig.record import record_of, write_record
from chaos.rig.redis import RedisFaults
from chaos.rig.samples import Samples
from chaos.rig.seen import Seen
from chaos.rig.setup import Setup
from chaos.rig.wire import At, OnWire, Wire
from chaos.rig.worker import Worker
from chaos.rig.workers import Workers
from chaos.servers import Server, ServerClock, ServerProblem, is_url, mask, open_server
from chaos.targets import EnqueueInDoubt, EnqueueRefused, Inspector, Job, RuinsJobs
from chaos.wire import WireProxyError

P = ParamSpec("P")
T = TypeVar("T")

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

    # The frame of a run

    def play(self, story: Callable[[Rig], None]) -> None:
        """Tell a story, then do what every story needs: work done, faults settled, end read.

        Whatever fails is written down, and the run cannot pass; what it has shown until then is
        judged. Only what must end the rig itself is raised again.
        """
        try:
            self._play(story)
        except WireProxyError as error:
            self._broke(error.__cause__ or error)  # and nobody reaches the server any more
        except Exception as error:  # noqa: BLE001 - whatever it is, this run cannot pass
            self._broke(error)
            self._save_what_there_is()
        except BaseException as error:
            self._broke(error)
            raise

    def _play(self, story: Callable[[Rig], None]) -> None:
        if self.setup.wire:
            self.wire.check()
        story(self)
        self.settle()
        self.samples.finish()
        self._read_end()
        if self.server.disputed:
            raise RigProblem("another rig has used the database meanwhile")
        self.record(RigFinished())

    def _read_end(self) -> None:
        if self.inspector is not None:
            more = self.seen.final_workers()
            read_final_state(self.inspector, self.seen.jobs, self.record, more)
        elif self.setup.target.asks is not None:
            for end in ends_of_jobs(self):
                self.record(end)
            self.record(FinalRead(ok=True))
        note_files(self.directory / "history", self.record)

    def _save_what_there_is(self) -> None:
        """Settle after a failure as well as that can be, so that a broken promise can be seen.

        What is left of the work proves nothing, because the story would have gone on: the end is
        read only where nothing is left. Nor does what processes do without a server.
        """
        try:
            self._ping()
        except (redis.RedisError, ServerProblem):
            self.seen.blind = True
            self.record(ServerDown(), t=self.wire.answered_t)
            note_files(self.directory / "history", self.record)
            return
        try:
            self.wire.call_off()
            for worker in self.workers.living():
                worker.life.process.resume()
            self.settle()
            if self.inspector is not None and self.seen.idle():
                self._read_end()
            else:
                note_files(self.directory / "history", self.record)
        except Exception as error:  # noqa: BLE001 - the reason why the run cannot pass is known
            self._log(error)

    def _ping(self) -> None:
        with closing(self.server.client()) as client:
            client.ping()

    def _broke(self, error: BaseException) -> None:
        """Note that the run cannot be judged, and what exactly happened in `logs/rig.log`."""
        self.record(RigBroken(error=str(error) or type(error).__name__))
        self._log(error)

    def _log(self, error: BaseException) -> None:
        logs = self.directory / "logs"
        logs.mkdir(exist_ok=True)
        with (logs / "rig.log").open("a") as log:
            log.writelines(traceback.format_exception(error))

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


@contextmanager
def opened(setup: Setup, progress: Progress) -> Iterator[Rig]:
    """Start all that a run needs; in the end stop everything that was started.

    Raises `BadOption` or `ServerProblem` when the run could not begin; it then leaves no directory.
    """
    wish = setup.server
    if wish.owned and is_url(wish.spec):
        raise ServerProblem(
            f"{setup.name} does to the server what only its owner may, and the one at"
            f" {mask(wish.spec)} was not started by the rig; use embedded, local or container"
        )
    directory = setup.options.run_directory(setup.name)
    with ExitStack() as stack:
        stack.push(_leave_no_trace(directory))
        record = _recorder(stack, directory, "rig")
        clock = ServerClock(directory / "server") if wish.own_clock else None
        server = open_server(
            wish.spec,
            directory / "server",
            durability=wish.durability,
            environment=clock.environment() if clock else None,
        )
        write_record(directory, record_of(setup, "unknown"))
        stack.enter_context(server)
        write_record(directory, record_of(setup, server.version))
        record(ServerUp())
        yield _assemble(setup, directory, server, clock, stack, record, progress)


def _assemble(
    setup: Setup,
    directory: Path,
    server: Server,
    clock: ServerClock | None,
    stack: ExitStack,
    record: Write,
    progress: Progress,
) -> Rig:
    """Put a rig together on a server that runs."""
    target, settings = setup.target, setup.settings
    if target.prepare is not None:
        target.prepare(server.url)
    producer_log = _recorder(stack, directory, "producer")
    inspector = target.inspector(server.url, settings) if target.inspector else None
    if inspector is not None:
        stack.callback(inspector.close)
        if server.pid is None:  # a server that is not ours is left as it was found
            stack.callback(inspector.clean)
    wire = stack.enter_context(Wire(server.url, target, settings, record))
    processes = stack.enter_context(ProcessGroup())
    random = Random(setup.seed)
    desk = None
    if target.asks is not None:
        target.asks.forget()
        desk = stack.enter_context(Desk(directory / "history", target.asks))
    workers = Workers(setup, random, directory, wire, server.url, processes, record, progress, desk)
    seen = Seen(inspector, workers.all, record, setup.recovery_s)
    lag = LagWatch(record, workers.pids, server)
    lag.start()
    stack.callback(lag.close)
    redis = RedisFaults(server, setup.server.durability, clock, wire, seen, record, progress)
    samples = Samples(
        inspector,
        record,
        workers=workers.all,
        wire=wire if setup.wire else None,
        blind=lambda: seen.blind,
    )
    record(RigStarted())
    return Rig(
        setup=setup,
        directory=directory,
        random=random,
        server=server,
        workers=workers,
        producers=Producers(setup, directory, wire, processes, record),
        wire=wire,
        redis=redis,
        seen=seen,
        lag=lag,
        samples=stack.enter_context(samples),
        progress=progress,
        stays=stack.enter_context,
        inspector=inspector,
        record=record,
        producer_log=producer_log,
    )


def _recorder(stack: ExitStack, directory: Path, process: str) -> Write:
    recorder = Recorder(directory / "history" / f"{process}.jsonl", process)
    stack.callback(recorder.close)
    return recorder.write


def _leave_no_trace(directory: Path) -> Callable[[object, BaseException | None, object], None]:
    """A run that could not begin leaves no directory; its reason has been told in full."""

    def leave(kind: object, error: BaseException | None, trace: object) -> None:
        del kind, trace
        if isinstance(error, ServerProblem):
            shutil.rmtree(directory)

    return leave
