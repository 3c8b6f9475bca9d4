"""What a process under test runs: `python -m tests.rrq_ref.program worker|fleet OPTIONS`.

OPTIONS is JSON. `events` names the file that everything of note is appended to, one line each;
beside it, files with other endings are the test's way to tell the process something.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil

import rrq_ref.fleet
from chaos.rig.processes import Process, ProcessGroup
from rrq_ref import Context, Fleet, Settings
from rrq_ref.logs import configure
from rrq_ref.process import leave, run_worker

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
        """The lines that begin with `word`, without it: each one starts with a process id."""
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
        """The exit code, once it has left by itself."""
        return self.process.wait(PATIENCE_S).code


def eventually(condition: Any) -> None:
    """Wait until it is so, and fail when it does not come."""
    end = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end, "never came true"
        time.sleep(0.01)


@contextmanager
def launched(
    kind: str, directory: Path, url: str, *, prefix: tuple[str, ...] = (), **options: Any
) -> Iterator[Program]:
    """Start a process; whatever is left of it at the end of the block is ended."""
    events = directory / "events.txt"
    given = json.dumps({"events": str(events), "url": url, **options})
    argv = [*prefix, sys.executable, "-m", "tests.rrq_ref.program", kind, given]
    with ProcessGroup(grace_s=0.2) as group:
        yield Program(group.spawn(argv, log=directory / "log.txt", cwd=ROOT), events)


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
        """Runs until it is told `open`."""
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
        """Never ends."""
        self.note("began", os.getpid(), context.job_id)
        while True:
            with suppress(asyncio.CancelledError):
                await asyncio.sleep(60)

    def refuse_in_thread(self, context: Context) -> None:
        self.note("began", os.getpid(), context.job_id)
        threading.Event().wait(60)

    async def die_once(self, context: Context) -> None:
        """Kills its process, in the first attempt."""
        self.note("began", os.getpid(), context.job_id)
        if context.token == 1:
            os.kill(os.getpid(), signal.SIGKILL)


def main() -> None:
    kind, options = sys.argv[1], json.loads(sys.argv[2])
    handlers = _Handlers(Path(options["events"]))
    names = ("hold", "refuse", "refuse_in_thread", "die_once")
    functions = {name: getattr(handlers, name) for name in names}
    settings = Settings(redis_url=options["url"], **options.get("settings", {}))
    if options.get("broken"):
        object.__setattr__(settings, "redis_url", "nonsense://")  # as Settings would never take it
    configure(json_lines=options.get("json", False))
    burst = options.get("burst", False)
    if kind == "worker":
        started = lambda worker_id: handlers.note("started", os.getpid(), worker_id)  # noqa: E731
        leave(run_worker(functions, settings, burst=burst, started=started))
    if options.get("slow_start"):
        _start_slowly(handlers)
    leave(Fleet(functions, settings, num_workers=options.get("workers", 2), burst=burst).run())


def _start_slowly(handlers: _Handlers) -> None:
    """A worker that has just been forked waits until the test has looked at it."""

    def slowly(*args: Any, **kwargs: Any) -> int:
        handlers.note("forked", os.getpid())
        end = time.monotonic() + PATIENCE_S
        while not handlers.told("go") and time.monotonic() < end:
            time.sleep(0.005)
        return run_worker(*args, **kwargs)

    vars(rrq_ref.fleet)["run_worker"] = slowly


if __name__ == "__main__":
    main()
