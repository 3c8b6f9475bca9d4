"""Handlers that make child processes, or do other odd things in a worker's process."""

from __future__ import annotations

import asyncio
import atexit
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from rrq_ref import Context

Poll = Callable[[], int | None]
PATIENCE_S = 60.0  # for what a test ends


class Parents:
    """Handlers. `note` writes an event; `told` says whether the test has given a word."""

    def __init__(self, note: Callable[..., None], told: Callable[[str], bool]) -> None:
        self.note = note
        self.told = told

    async def child(self, context: Context, how: str) -> int:
        """Make a child that sleeps, and wait for its end. Returns the exit code."""
        if how == "asyncio":
            process = await asyncio.create_subprocess_exec("sleep", str(PATIENCE_S))
            self.note("child", process.pid)
            return await process.wait()
        pid, poll = _start(how)
        self.note("child", pid)
        while (code := poll()) is None:  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.005)
        return code

    def child_of_a_thread(self, context: Context, how: str) -> int:
        pid, poll = _start(how)
        self.note("child", pid)
        while (code := poll()) is None:
            time.sleep(0.005)
        return code

    async def short_lives(self, context: Context) -> list[int]:
        """Fork a child and end it at once, a hundred times. Returns the exit codes."""
        return _short_lives()

    def short_lives_of_a_thread(self, context: Context) -> list[int]:
        return _short_lives()

    async def stray(self, context: Context, how: str) -> int:
        """Fork a child that leaves the handler. Returns its exit code."""
        if (pid := os.fork()) == 0:
            if how == "awaits":
                await asyncio.sleep(0.01)
            return _leave_by(how)
        return await asyncio.to_thread(_wait_for, pid)

    def stray_of_a_thread(self, context: Context, how: str) -> int:
        if (pid := os.fork()) == 0:
            return _leave_by(how)
        return _wait_for(pid)

    async def grandchild(self, context: Context) -> int:
        """Make a child that ignores SIGTERM, and so does its own child, as after every fork."""
        if (pid := os.fork()) == 0:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            if (grandchild := os.fork()) == 0:
                os.kill(os.getpid(), signal.SIGTERM)
                os._exit(42)
            os._exit(_wait_for(grandchild))
        return _wait_for(pid)

    async def speak_and_fork(self, context: Context) -> int:
        print("said", "before", context.job_id)  # it stays in the buffer: this is no terminal
        if (pid := os.fork()) == 0:
            print("said", "by the child of", context.job_id)
            sys.exit(0)
        return _wait_for(pid)

    async def register(self, context: Context) -> None:
        """Register an `atexit` callback."""
        atexit.register(self.note, "left", os.getpid(), "after", context.job_id)

    async def register_for_ever(self, context: Context) -> None:
        """Register an `atexit` callback that never ends."""
        atexit.register(threading.Event().wait, PATIENCE_S)

    async def leave_with_0(self, context: Context) -> None:
        """End the process with 0, as if all were well, in the first attempt."""
        self.note("began", os.getpid(), context.job_id)
        if context.token == 1:
            os._exit(0)

    async def block(self, context: Context, seconds: float) -> None:
        """Block the event loop in the first attempt."""
        self.note("began", os.getpid(), context.job_id)
        if context.token == 1:
            time.sleep(seconds)  # noqa: ASYNC251 - it is what it is for

    async def compute(self, context: Context, seconds: float) -> None:
        """Block the event loop until it has used the given CPU time."""
        self.note("began", os.getpid(), context.job_id)
        end = time.process_time() + seconds
        while time.process_time() < end:
            pass
        self.note("computed", os.getpid(), context.job_id)

    async def quick(self, context: Context) -> None:
        self.note("began", os.getpid(), context.job_id)


def _start(how: str) -> tuple[int, Poll]:
    if how == "fork":
        if (pid := os.fork()) == 0:
            time.sleep(PATIENCE_S)
            os._exit(0)
        return pid, lambda: _poll(pid)
    if how.startswith("subprocess"):
        preexec: Any = os.getpid if how.endswith("preexec_fn") else None
        process = subprocess.Popen(["sleep", str(PATIENCE_S)], preexec_fn=preexec)
        return process.pid, process.poll
    child: Any = multiprocessing.get_context(how)
    child = child.Process(target=time.sleep, args=(PATIENCE_S,))
    child.start()
    return child.pid, lambda: child.exitcode


def _poll(pid: int) -> int | None:
    ended, status = os.waitpid(pid, os.WNOHANG)
    return os.waitstatus_to_exitcode(status) if ended else None


def _wait_for(pid: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def _short_lives() -> list[int]:
    codes = []
    for _ in range(100):
        if (pid := os.fork()) == 0:
            time.sleep(PATIENCE_S)
            os._exit(0)
        os.kill(pid, signal.SIGTERM)
        codes.append(_wait_for(pid))
    return codes


def _leave_by(how: str) -> int:
    if how == "exits":
        sys.exit(3)
    if how == "fails":
        raise ValueError("the child's own")
    return 5
