"""Opening a rig: all that a run needs is started, and stopped in the end."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from random import Random

from chaos.handlers import Desk
from chaos.history import Recorder, Write
from chaos.history.events import RigStarted, ServerUp
from chaos.processes import ProcessGroup
from chaos.rig.lag import LagWatch
from chaos.rig.producers import Producers
from chaos.rig.progress import Progress
from chaos.rig.record import record_of, write_record
from chaos.rig.redis import RedisFaults
from chaos.rig.rig import Rig
from chaos.rig.samples import Samples
from chaos.rig.seen import Seen
from chaos.rig.setup import Setup
from chaos.rig.wire import Wire
from chaos.rig.workers import Workers
from chaos.servers import Server, ServerClock, ServerProblem, is_url, mask, open_server


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
