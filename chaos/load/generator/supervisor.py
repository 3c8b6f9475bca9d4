"""The supervisor of this run (`python -m chaos.load`), as Locust sees it."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
from argparse import Namespace
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import gevent  # type: ignore[import-untyped]  # it ships no types
from gevent.event import Event  # type: ignore[import-untyped]

from chaos.checks import Outcome
from chaos.errors import ChaosError
from chaos.load.generator import options
from chaos.load.protocol import ON_WIRE, Ready
from chaos.processes.modules import python

#: Between SIGTERM and SIGKILL for a supervisor that is no longer wanted.
_LEAVE_S = 20.0
_UNKNOWN = Outcome.UNKNOWN.exit_code


class SupervisorProblem(ChaosError):
    """The supervisor did not come up, and has said why. Locust should end with `exit_code`."""

    def __init__(self, exit_code: int) -> None:
        super().__init__("the supervisor of the load test did not start")
        self.exit_code = exit_code


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """The supervisor's last words: the verdict's exit code, and the verdict for people."""

    exit_code: int
    text: str


class Supervisor:
    """The process, which is started at once. Raises `SupervisorProblem`.

    `ready` tells producers where to go.
    """

    def __init__(self, chosen: Namespace) -> None:
        self._process = subprocess.Popen(
            _command(chosen),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=_environment(chosen),
            # Ctrl-C on the terminal is for Locust, which then orders the supervisor to finish.
            start_new_session=True,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._input, self._output = self._process.stdin, self._process.stdout
        try:
            message = self._message()
        except BaseException:
            self._process.terminate()
            self._process.wait()
            self._close()
            raise
        if message is None:
            self._close()
            raise SupervisorProblem(self._process.wait() or _UNKNOWN)
        self.ready = Ready.from_json(message["ready"])
        self._ended = Event()
        self._ending = Ending(exit_code=_UNKNOWN, text="")
        self._reader = gevent.spawn(self._read_ending)

    def on_end(self, callback: Callable[[], None]) -> None:
        """Call back when the supervisor has ended, asked to or not."""
        self._reader.link(lambda _: callback())

    def choose_fault(self, kind: str) -> None:
        """Have workers hit by this fault from now on, by `all` of them, or by `none`."""
        self._order(f"chaos {kind}")

    def finish(self) -> Ending:
        """Have the work done and judged."""
        self._order("finish")
        self._ended.wait()
        return self._ending

    def cut_short(self) -> None:
        """End it now; then the run is unknown."""
        self._process.terminate()
        if not self._ended.wait(_LEAVE_S):
            self._process.kill()

    def _order(self, text: str) -> None:
        with contextlib.suppress(OSError, ValueError):  # it has ended; `_read_ending` knows more
            self._input.write(text.encode() + b"\n")
            self._input.flush()

    def _message(self) -> dict[str, Any] | None:
        line = self._output.readline()
        message: dict[str, Any] | None = json.loads(line) if line else None
        return message

    def _read_ending(self) -> None:
        try:
            message = self._message()
            text = self._output.read().decode(errors="replace")
            if message is not None:
                code = int(message["verdict"]["exit_code"])
                self._ending = Ending(exit_code=code, text=text)
            self._process.wait()
        finally:
            self._close()
            self._ended.set()

    def _close(self) -> None:
        """Close both pipes. Left to the interpreter's end, where Python 3.13 has taken apart what
        gevent needs for it, they would end in tracebacks."""
        for pipe in (self._input, self._output):
            with contextlib.suppress(OSError):
                pipe.close()


def _command(chosen: Namespace) -> list[str]:
    words = ["--target", chosen.target]
    words += ["--workers", str(chosen.fleet_workers)]
    words += ["--concurrency", str(chosen.worker_concurrency)]
    words += ["--seed", str(chosen.seed), "--repeat", options.repeat(chosen)]
    words += ["--wire"] if chosen.chaos in (*ON_WIRE, "all") else []
    words += ["--out", chosen.out] if chosen.out else []
    return python("chaos.load", *words)


def _environment(chosen: Namespace) -> dict[str, str]:
    """The environment names the server, because everybody can read the password on a command line.

    The verdict goes through a pipe and should still look like something for this terminal.
    """
    environment = {**os.environ, "COLUMNS": str(shutil.get_terminal_size().columns)}
    environment["CHAOS_REDIS"] = chosen.redis.real
    if sys.stdout.isatty():
        environment["FORCE_COLOR"] = "1"
    return environment
