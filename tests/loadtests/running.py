"""Locust with the load test, as its users start it, and all processes that it starts."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import psutil

import loadtests
from tests.chaos.rig.running import LIMIT_S, descendants, survivors

_FILES = str(Path(loadtests.__file__).parent)
_MARK = "LOADTEST_OF_TEST"


class Locust:
    """A running `locust -f loadtests/ …`. Leaving the `with` block ends it in any case."""

    def __init__(
        self,
        directory: Path,
        *words: str,
        files: str = _FILES,
        group: bool = False,
        cwd: Path | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """With `group` it leads a process group, as a shell's job does."""
        self.directory = directory
        self._mark = uuid.uuid4().hex
        self._log = directory / f"{self._mark}.txt"
        self._seen: set[psutil.Process] = set()
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "locust", "-f", files, *words],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, **(environment or {}), _MARK: self._mark},
                cwd=cwd,
                process_group=0 if group else None,
            )

    def __enter__(self) -> Locust:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        for process in self._all():
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        self.process.wait(LIMIT_S)

    @property
    def text(self) -> str:
        return self._log.read_text(errors="replace")

    def wait_for(self, what: str, condition: Callable[[], object]) -> None:
        """Wait until something is true, while Locust runs."""
        end = time.monotonic() + LIMIT_S
        while not condition():
            assert self.process.poll() is None, f"it ended before {what}:\n{self.text}"
            assert time.monotonic() < end, f"waited in vain for {what}:\n{self.text}"
            time.sleep(0.02)

    def history(self, pattern: str) -> str:
        """The contents of this run's history files of this name."""
        found = sorted(self.directory.glob(f"run/history/{pattern}"))
        return "".join(path.read_text() for path in found)

    def signal(self, number: signal.Signals) -> None:
        self._seen = set(descendants(self.process.pid))
        self.process.send_signal(number)

    def end(self) -> int:
        """Wait for the end. Returns the exit code. No process of this Locust may be left."""
        code = self.process.wait(LIMIT_S)
        left = survivors([*self._seen, *self._all()])
        assert not left, f"left behind: {left}\n{self.text}"
        return code

    def verdicts(self) -> list[str]:
        """The printed verdicts, one word each."""
        return re.findall(r"^(PASS|FAIL|UNKNOWN): ", self.text, re.MULTILINE)

    def _all(self) -> Iterator[psutil.Process]:
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                if process.environ().get(_MARK) == self._mark:
                    yield process
