"""One worker process: its event loop, its signals, the pipes to its parent, and its exit."""

import asyncio
import os
import signal
import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path

from .attempt import Handler
from .children import OnlyHere, asked_to_leave, keep_from_children
from .children import leave as leave
from .connection import connect
from .errors import RRQError
from .hooks import Hooks
from .logs import WorkerLog, stamp
from .settings import Settings
from .store import Store
from .worker import Worker

BEAT_S = 0.5  # interval at which a worker's loop shows that it turns, if that is watched


def new_worker_id() -> str:
    """`rrq_worker_<pid>_<random>`: RRQ's style, with enough of a UUID that no two are equal."""
    return f"rrq_worker_{os.getpid()}_{uuid.uuid4().hex[:12]}"


def check_system() -> None:
    """Raise `RRQError` on a system that cannot have worker processes."""
    if not all(hasattr(os, name) for name in ("fork", "register_at_fork")):
        raise RRQError(
            "worker processes need os.fork and signals of a Unix, which this system lacks;"
            " there, run a `Worker` on an event loop of your own"
        )


def run_worker(
    handlers: Mapping[str, Handler], settings: Settings, *, burst: bool = False,
    hooks: Hooks | None = None, parent_pipe: int | None = None, report_pipe: int | None = None,
    started: Callable[[str], None] | None = None,
) -> int:  # fmt: skip
    """Run one worker in this process until it has drained. Returns the exit code, 0 or 1.

    SIGTERM, SIGINT and SIGHUP drain it. A second one of them, or SIGQUIT, hurries it. It also
    drains when `parent_pipe` has something to read, or when the parent, who alone holds its other
    end, is gone. Lines of pid and word go to `report_pipe`: that the loop turns, and how the worker
    left. `started` is called with the worker id before the first claim.

    The caller has to call `leave` next, because handlers that refuse to stop are still running.
    """
    check_system()
    worker_id = new_worker_id()
    log = WorkerLog("process", worker_id, settings.queues)
    stamp(worker_id, settings.queues)
    keep_from_children(*(pipe for pipe in (parent_pipe, report_pipe) if pipe is not None))

    def report(word: str) -> None:
        if report_pipe is not None:
            with suppress(OSError):  # full or closed: the parent has stopped, or is dead
                os.write(report_pipe, f"{os.getpid()} {word}\n".encode())

    def beat() -> None:
        asyncio.get_running_loop().call_later(BEAT_S, beat)
        report("beat")
        if report_pipe is None:  # else the parent touches it
            touch(settings.alive_file)

    async def main() -> str:
        redis = connect(settings)
        worker = Worker(redis, handlers, settings, worker_id=worker_id, burst=burst, hooks=hooks)
        _listen(worker, parent_pipe)
        if settings.hung_after_s or settings.alive_file:
            beat()
        if started is not None:
            started(worker_id)
        try:
            await worker.run()
        finally:
            await Store(redis, settings).aclose()
        return worker.left

    try:
        from uvloop import new_event_loop
    except ImportError:
        from asyncio import new_event_loop  # type: ignore[assignment]
    try:
        # Never closed: closing would wait for handlers that refuse to stop.
        loop = new_event_loop()
        working = loop.create_task(main())
        working.add_done_callback(lambda _: loop.stop())
        while not working.done():
            # A task that a handler made may stop the loop, or raise SystemExit, which asyncio
            # passes on to whoever runs the loop. Neither ends the worker.
            with suppress(SystemExit, KeyboardInterrupt), OnlyHere():
                loop.run_forever()
        report(working.result())
    except BaseException:  # anything at all is logged and becomes the exit code
        log.exception("the worker failed")
        return 1
    return 0


def touch(alive_file: str) -> None:
    """Show a probe that the loop turns. Raises `ValueError` if the file cannot be touched."""
    try:
        if alive_file:
            Path(alive_file).touch()
    except OSError as error:
        raise ValueError(f"alive_file is {alive_file!r}; {error}") from error


def _listen(worker: Worker, parent_pipe: int | None) -> None:
    """Drain the worker when a signal or the parent's pipe says so."""
    loop = asyncio.get_running_loop()
    asked = False

    def on_signal() -> None:
        nonlocal asked
        # A terminal or a service manager may signal every process, even twice. A worker with a
        # parent hurries only when the parent says so.
        worker.drain(hurry=asked and parent_pipe is None)
        asked = True

    def on_pipe(pipe: int) -> None:
        loop.remove_reader(pipe)
        worker.drain()

    # These replace the runner's own handler of SIGINT, which would cancel.
    for number in asked_to_leave():
        loop.add_signal_handler(number, on_signal)
    loop.add_signal_handler(signal.SIGQUIT, partial(worker.drain, hurry=True))
    if parent_pipe is not None:
        loop.add_reader(parent_pipe, on_pipe, parent_pipe)
