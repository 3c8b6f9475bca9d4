"""The keeper of this run (`chaos.load.supervisor`), as seen from Locust."""

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
from pathlib import Path
from typing import Any

import gevent  # type: ignore[import-untyped]  # it ships no types
from gevent.event import Event  # type: ignore[import-untyped]

from loadtests import _options

#: Between SIGTERM and SIGKILL for a keeper that is no longer wanted.
_LEAVE_S = 20.0
#: What a shell would say of a run that proves nothing: the verdict's own code for "unknown".
UNKNOWN = 3


class KeeperProblem(Exception):
    """The keeper did not come up. It has said why; `exit_code` is what Locust should end with."""

    def __init__(self, exit_code: int) -> None:
        super().__init__("the keeper of the load test did not start")
        self.exit_code = exit_code


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """What the keeper said last: the verdict's exit code, and the verdict for people."""

    exit_code: int
    text: str


class Keeper:
    """Started at once. Raises `KeeperProblem`.

    `stand` tells producers where to go, but for the server's URL: that is in a file which only
    this user may read. `server` is the URL as everybody may see it.
    """

    def __init__(self, options: Namespace) -> None:
        self._process = subprocess.Popen(
            _command(options),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=_environment(options),
            # Ctrl-C on the terminal is for Locust; the keeper is then told to finish.
            start_new_session=True,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._input, self._output = self._process.stdin, self._process.stdout
        try:
            ready = self._message()
        except BaseException:
            self._process.terminate()
            self._process.wait()
            self._close()
            raise
        if ready is None:
            self._close()
            raise KeeperProblem(self._process.wait() or UNKNOWN)
        self.stand: dict[str, Any] = ready["ready"]
        self.server: str = self.stand.pop("server")
        self._ended = Event()
        self._ending = Ending(exit_code=UNKNOWN, text="")
        self._reader = gevent.spawn(self._read_ending)

    def on_end(self, callback: Callable[[], None]) -> None:
        """Call back when the keeper has ended, asked to or not."""
        self._reader.link(lambda _: callback())

    def chaos(self, kind: str) -> None:
        """`kill` or `pause` workers from now on, or `none`."""
        self._order(f"chaos {kind}")

    def finish(self) -> Ending:
        """Have the work done and judged."""
        self._order("finish")
        self._ended.wait()
        return self._ending

    def cut_short(self) -> None:
        """End it now; then it is unknown."""
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


def _command(options: Namespace) -> list[str]:
    command = [sys.executable, "-m", "chaos.load.supervisor"]
    command += ["--target", options.target]
    command += ["--workers", str(options.fleet_workers)]
    command += ["--concurrency", str(options.worker_concurrency)]
    command += ["--seed", str(options.seed), "--repeat", _options.repeat(options)]
    return [*command, "--out", options.out] if options.out else command


def _environment(options: Namespace) -> dict[str, str]:
    """The server is named here, for on the command line everybody could read its password. The
    packages are found where this one was: Locust may have been started anywhere.

    The verdict goes through a pipe and should still look like something for this terminal.
    """
    environment = {**os.environ, "COLUMNS": str(shutil.get_terminal_size().columns)}
    environment["CHAOS_REDIS"] = options.redis.real
    here = str(Path(__file__).resolve().parents[1])
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, (here, os.environ.get("PYTHONPATH"))))
    if sys.stdout.isatty():
        environment["FORCE_COLOR"] = "1"
    return environment
