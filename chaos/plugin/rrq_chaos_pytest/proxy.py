"""The wire proxy alone, for tests of a Redis client: `rrq-chaos proxy` as an object."""

from __future__ import annotations

import queue
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import IO

import pytest

from rrq_chaos_pytest import rig


class Proxy:
    """A wire proxy between a client and its server. The client is to use `url`."""

    def __init__(self, url: str, faults: tuple[str, ...], lines: queue.SimpleQueue[str]) -> None:
        self.url = url
        self._faults = faults
        self._lines = lines
        self._said: list[str] = []

    def landed(self, within_s: float = 5.0) -> list[str]:
        """Wait until every fault has landed: a line for each, such as `reset landed at
        set/before-reply`. Fails the test if one does not in time."""
        end = time.monotonic() + within_s
        while len(self._landed) < len(self._faults):
            try:
                self._said.append(self._lines.get(timeout=max(0.0, end - time.monotonic())))
            except queue.Empty:
                planned = ", ".join(self._faults)
                told = "; ".join(filter(None, self._said)) or "none of them did"
                pytest.fail(
                    f"not every fault has landed within {within_s:g} s: planned were {planned};"
                    f" {told}",
                    pytrace=False,
                )
        return self._landed

    @property
    def _landed(self) -> list[str]:
        return [line for line in self._said if " landed at " in line]


class Proxies:
    """Starts proxies, each for one client. They end with the test."""

    def __init__(self, running: ExitStack) -> None:
        self._running = running

    def __call__(
        self, upstream: str, *faults: str, port: int | None = None, pid: int | None = None
    ) -> Proxy:
        """Stand before the server at the URL `upstream`, with these faults planned, each as
        `COMMAND[:NTH]/SIDE/ACTION[:NAME=VALUE,...]`, such as `SET/before-reply/reset`.

        `pid` is the client's process, for faults that hit one. Fails the test if it cannot be.
        """
        words = [upstream, *(word for fault in faults for word in ("--fault", fault))]
        words += [] if port is None else ["--port", str(port)]
        words += [] if pid is None else ["--pid", str(pid)]
        return self._running.enter_context(_running(faults, words))


@contextmanager
def _running(faults: tuple[str, ...], words: list[str]) -> Iterator[Proxy]:
    with subprocess.Popen(
        rig.command("proxy", *words),
        env=rig.environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        reader = threading.Thread(target=_read, args=(process.stdout, lines), daemon=True)
        reader.start()
        try:
            url = lines.get()
            if not url:
                complaint = rig.last_sentence(process.stderr.read().splitlines())
                pytest.fail(f"no proxy: {complaint}", pytrace=False)
            yield Proxy(url, faults, lines)
        finally:
            rig.end(process)
            reader.join()


def _read(output: IO[str], lines: queue.SimpleQueue[str]) -> None:
    """Pass on each line, and an empty one at the end."""
    for line in output:
        lines.put(line.strip())
    lines.put("")
