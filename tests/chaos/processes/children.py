"""Children that tests start, and what tests ask of them."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil

TIMEOUT_S = 20.0
#: Five threads beside the first one, which never rest.
BUSY = """
import threading, time
for _ in range(5):
    threading.Thread(target=lambda: [None for _ in iter(int, 1)], daemon=True).start()
print("ready", flush=True)
time.sleep(60)
"""


def python(code: str, *words: str) -> list[str]:
    return [sys.executable, "-c", code, *words]


def eventually(condition: Callable[[], bool], timeout_s: float = TIMEOUT_S) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "it never became so"
        time.sleep(0.005)


def running(pid: int) -> bool:
    """True if it lives; an orphan may stay a zombie where nobody reaps it."""
    with contextlib.suppress(psutil.NoSuchProcess):
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    return False


def words(log: Path, count: int) -> list[str]:
    """The first words that a child printed, once there are `count` of them."""
    eventually(lambda: log.exists() and len(log.read_text().split()) >= count)
    return log.read_text().split()


def prepare(before: str) -> Callable[[str], None]:
    """For a fork server: run some code once, and an order, which is code, in each child."""
    world: dict[str, object] = {}
    exec(before, world)
    return lambda order: exec(order, world)


#: The name of `prepare`.
PREPARE = f"{__name__}:prepare"
