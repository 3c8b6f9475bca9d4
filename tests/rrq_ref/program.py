"""The program of a process under test: `python -m tests.rrq_ref.program worker|fleet OPTIONS`.

OPTIONS is JSON. `events` names the file to which the process appends its events, one line each.
By files with other endings beside it, the test tells the process something.
"""

from __future__ import annotations

import asyncio
import atexit
import errno
import json
import multiprocessing
import os
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil

import rrq_ref.fleet
from chaos.processes import Process, ProcessGroup
from rrq_ref import Context, Fleet, Settings
from rrq_ref.logs import configure
from rrq_ref.process import leave, run_worker

from .parents import Parents

ROOT = Path(__file__).parents[2]
PATIENCE_S = 20.0


class Program:
    """A worker process or a fleet, as the test sees it."""

    def __init__(self, process: Process, events: Path) -> None:
        self.process = process
        self._events = events

    def log(self) -> str:
        return self.process.log.read_text()

    def events(self, word: str) -> list[list[str]]:
        """The rest of each line that begins with `word`: a process id comes first."""
        if not self._events.exists():
            return []
        lines = [line.split() for line in self._events.read_text().splitlines()]
        return [line[1:] for line in lines if line[0] == word]

    def tell(self, word: str) -> None:
        self._events.with_suffix("." + word).touch()

    def workers(self) -> list[psutil.Process]:
        """The fleet's worker processes, zombies included."""
        return psutil.Process(self.process.pid).children()

    def wait(self) -> int | None:
        """Wait until it has left by itself. Returns the exit code."""
        return self.process.wait(PATIENCE_S).code


def eventually(condition: Any, within_s: float = PATIENCE_S) -> None:
    """Wait until it is so, and fail if that takes too long."""
    end = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < end, "never came true"
        time.sleep(0.01)


@contextmanager
def launched(
    kind: str, directory: Path, url: str, *, prefix: tuple[str, ...] = (), **options: Any
) -> Iterator[Program]:
    """Start a process, and end everything that is left of it at the end of the block."""
    events = directory / "events.txt"
    given = json.dumps({"events": str(events), "url": url, **options})
    argv = [*prefix, sys.executable, "-m", "tests.rrq_ref.program", kind, given]
    env = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    with ProcessGroup(grace_s=0.2) as group:
        log = directory / "log.txt"
        yield Program(group.spawn(argv, log=log, cwd=ROOT, env=env), events)


# In the process


class _Handlers:
    def __init__(self, events: Path) -> None:
        self._events = events

    def note(self, *words: object) -> None:
        with self._events.open("a") as file:
            file.write(" ".join(map(str, words)) + "\n")

    def told(self, word: str) -> bool:
        return self._events.with_suffix("." + word).exists()

    async def hold(self, context: Context) -> str:
        """Run until the test says `open`."""
        self.note("began", os.getpid(), context.job_id)
        try:
            while not self.told("open"):  # noqa: ASYNC110 - the test is in another process
                await asyncio.sleep(0.005)
        except asyncio.CancelledError:
            await asyncio.sleep(0.01)
            self.note("cleaned", os.getpid(), context.job_id)
            raise
        return "done"

    async def refuse(self, context: Context) -> None:
        """Never end."""
        self.note("began", os.getpid(), context.job_id)
        while True:
            with suppress(asyncio.CancelledError):
                await asyncio.sleep(60)

    def refuse_in_thread(self, context: Context) -> None:
        self.note("began", os.getpid(), context.job_id)
        threading.Event().wait(60)

    async def die_once(self, context: Context) -> None:
        """Kill the process in the first attempt."""
        self.note("began", os.getpid(), context.job_id)
        if context.token == 1:
            os.kill(os.getpid(), signal.SIGKILL)

    async def exit_in_a_task(self, _: Context) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(asyncio.to_thread(sys.exit, 3))

    async def fork_in_a_task(self, _: Context) -> None:
        """Make a child that ends in a task of its own, while its handler would wait."""
        forked: asyncio.Future[int] = asyncio.get_running_loop().create_future()

        async def fork() -> None:
            forked.set_result(os.fork() or sys.exit(3))

        task = asyncio.create_task(fork())
        ended = await asyncio.to_thread(os.waitpid, await forked, 0)
        await task
        self.note("child", os.getpid(), os.waitstatus_to_exitcode(ended[1]))

    async def exit_in_a_callback(self, _: Context) -> None:
        asyncio.get_running_loop().call_soon(sys.exit)
        await asyncio.sleep(0.01)

    async def stop_the_loop(self, _: Context) -> None:
        asyncio.get_running_loop().stop()
        await asyncio.sleep(0.01)


def main() -> None:
    kind, options = sys.argv[1], json.loads(sys.argv[2])
    handlers = _Handlers(Path(options["events"]))
    functions = {**_public(handlers), **_public(Parents(handlers.note, handlers.told))}
    settings = Settings(redis_url=options["url"], **options.get("settings", {}))
    if options.get("broken"):
        object.__setattr__(settings, "redis_url", "nonsense://")  # as Settings would never take it
    configure(json_lines=options.get("json", False))
    burst = options.get("burst", False)
    if options.get("registered"):
        # As a module of handlers does when it is imported: before any fork.
        atexit.register(lambda: handlers.note("left", os.getpid(), "as every process"))
    if kind == "worker":
        started = lambda worker_id: handlers.note("started", os.getpid(), worker_id)  # noqa: E731
        leave(run_worker(functions, settings, burst=burst, started=started))
    if options.get("slow_start"):
        _start_slowly(handlers)
    if options.get("stranger"):
        threading.Thread(target=_fork_beside_the_fleet, args=(handlers,), daemon=True).start()
    if options.get("starved"):
        _starve()
    if options.get("fork_fails"):
        _fail_to_fork(options["fork_fails"])
    if options.get("speaks"):
        print("said once by the parent")
    with tempfile.TemporaryDirectory() as folder:
        child = multiprocessing.Process(target=time.sleep, args=(3 * PATIENCE_S,), daemon=True)
        if options.get("child"):
            child.start()
        fleet = Fleet(functions, settings, num_workers=options.get("workers", 2), burst=burst)
        code = fleet.run()
        if options.get("child"):
            handlers.note("kept", Path(folder).exists(), psutil.pid_exists(child.pid or 0))
    leave(code)


def _public(handlers: object) -> dict[str, Any]:
    names = (name for name in dir(handlers) if not name.startswith("_"))
    return {name: getattr(handlers, name) for name in names if name not in ("note", "told")}


def _fork_beside_the_fleet(handlers: _Handlers) -> None:
    """Make a child of the parent that is no worker, while the fleet runs."""
    while not psutil.Process().children():
        time.sleep(0.005)
    if (pid := os.fork()) == 0:
        time.sleep(3 * PATIENCE_S)
        os._exit(0)
    handlers.note("stranger", pid)


def _starve() -> None:
    """Let parent and workers share one CPU with many greedy processes, at the lowest priority."""
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    parent = os.getpid()
    for _ in range(2):
        if os.fork() == 0:
            while os.getppid() == parent:
                pass
            os._exit(0)
    os.nice(19)


def _fail_to_fork(times: int) -> None:
    """Make forks fail, as on a system that allows no more processes."""
    fork, failures = os.fork, iter(range(times))

    def fails() -> int:
        for _ in failures:
            raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))
        return fork()

    os.fork = fails


def _start_slowly(handlers: _Handlers) -> None:
    """Make a new worker wait until the test has looked at it."""

    def slowly(*args: Any, **kwargs: Any) -> int:
        handlers.note("forked", os.getpid())
        end = time.monotonic() + PATIENCE_S
        while not handlers.told("go") and time.monotonic() < end:
            time.sleep(0.005)
        return run_worker(*args, **kwargs)

    vars(rrq_ref.fleet)["run_worker"] = slowly


if __name__ == "__main__":
    main()
