"""The workers of a fleet come and go without the rig, which notes each of them once."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from chaos.history import Event, Recorder
from chaos.history.events import Hello
from chaos.processes import wait_until
from chaos.rig.children import look_for_children
from chaos.rig.worker import Worker
from tests.chaos.rig.fleets import fleet_of

LIMIT_S = 20.0
#: A parent that starts a child and reaps it.
PARENT = "import subprocess, sys; subprocess.run(['sleep', '600']); sys.stdin.read()"


class Notes:
    """What the rig has noted."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def __call__(self, event: Event, **_: Any) -> int:
        self.events.append(event)
        return 0

    def of(self, pid: int) -> list[str]:
        """What was noted of a worker, in its order."""
        told: list[Any] = [*self.events]
        return [type(each).__name__ for each in told if each.child_pid == pid]


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Worker]:
    with fleet_of(PARENT, tmp_path) as made:
        yield made


def test_a_worker_that_comes_and_goes_is_noted_once_each_time(fleet: Worker) -> None:
    notes = Notes()
    wait_until(lambda: look_for_children(fleet, notes), LIMIT_S)
    (child,) = fleet.living_children()
    assert not look_for_children(fleet, notes)
    os.kill(child.pid, signal.SIGKILL)
    wait_until(lambda: look_for_children(fleet, notes), LIMIT_S)
    assert not look_for_children(fleet, notes)
    assert notes.of(child.pid) == ["ProcessSpawned", "ProcessExited"]


def test_a_worker_that_came_and_went_between_two_looks_is_known_by_its_hello(fleet: Worker) -> None:
    notes = Notes()
    wait_until(lambda: look_for_children(fleet, notes), LIMIT_S)
    Recorder(fleet.history, "fleet-1").write(Hello(worker="w"))  # this process is no child of it
    assert look_for_children(fleet, notes)
    assert not look_for_children(fleet, notes)
    assert notes.of(os.getpid()) == ["ProcessSpawned", "ProcessExited"]
    assert fleet.came() == 2
