"""One worker process: event loop, signals, the parent's pipe, and the way out."""

import asyncio
import logging
import os
import signal
import sys
import uuid
from collections.abc import Callable, Mapping
from functools import partial
from typing import NoReturn

from .attempt import Handler
from .connection import connect
from .logs import WorkerLog
from .settings import Settings
from .store import Store
from .worker import Worker


def new_worker_id() -> str:
    """`rrq_worker_<pid>_<random>`: RRQ's style, with enough of a UUID never to meet twice."""
    return f"rrq_worker_{os.getpid()}_{uuid.uuid4().hex[:12]}"


def run_worker(
    handlers: Mapping[str, Handler], settings: Settings, *, burst: bool = False,
    parent_pipe: int | None = None, started: Callable[[str], None] | None = None,
) -> int:  # fmt: skip
    """Run one worker in this process until it has drained; the exit code, 0 or 1.

    SIGTERM and SIGINT drain it; SIGQUIT, or a second one of them, hurries it. It drains too when
    `parent_pipe` closes, whose other end only the parent holds. `started` is told the worker id
    before the first claim. `leave` comes next: handlers that refuse to stop are still running.
    """
    worker_id = new_worker_id()

    async def main() -> None:
        redis = connect(settings)
        worker = Worker(redis, handlers, settings, worker_id=worker_id, burst=burst)
        _listen(worker, parent_pipe)
        if started is not None:
            started(worker_id)
        try:
            await worker.run()
        finally:
            await Store(redis, settings).aclose()

    try:
        from uvloop import new_event_loop
    except ImportError:
        from asyncio import new_event_loop  # type: ignore[assignment]
    try:
        # Not closed: that would wait for handlers that refuse to stop.
        asyncio.Runner(loop_factory=new_event_loop).run(main())
    except Exception:  # noqa: BLE001 - whatever it was, it is logged and becomes the exit code
        WorkerLog("process", worker_id, settings.queues).exception("the worker failed")
        return 1
    return 0


def _listen(worker: Worker, parent_pipe: int | None) -> None:
    """Drain the worker when a signal or the parent's pipe says so."""
    loop = asyncio.get_running_loop()
    asked = False

    def on_signal() -> None:
        nonlocal asked
        # A terminal or a service manager may signal all processes, also twice; with a parent it is
        # the parent that says when to hurry.
        worker.drain(hurry=asked and parent_pipe is None)
        asked = True

    def on_pipe(pipe: int) -> None:
        loop.remove_reader(pipe)
        worker.drain()

    # In place of the runner's own handling of SIGINT, which would cancel.
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, on_signal)
    loop.add_signal_handler(signal.SIGQUIT, partial(worker.drain, hurry=True))
    if parent_pipe is not None:
        loop.add_reader(parent_pipe, on_pipe, parent_pipe)


def leave(code: int) -> NoReturn:
    """End the process now. A handler's thread that refuses to die must not keep it alive."""
    try:
        logging.shutdown()
        sys.stdout.flush()
        sys.stderr.flush()
    finally:  # whatever is wrong with the streams
        os._exit(code)
