"""Kills at a handler's begin and end, of a worker with its child, or of the child alone."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from chaos.faults import Injection, Side
from chaos.handlers import Request
from chaos.history import Event
from chaos.processes import Descendant, Process, ProcessGroup, children_of
from chaos.sweep.cell.at_handlers import AtHandlers
from chaos.sweep.cells import BadCell, BoundaryFault, Cell

_SLEEPS = "import time; time.sleep(60)"
#: It outlives its child.
_FORKS = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {_SLEEPS!r}]); {_SLEEPS}"


class Stand:
    """A worker, a child of it that runs handlers, and what has been seen."""

    def __init__(self, worker: Process, child: Descendant) -> None:
        self.worker, self.child = worker, child
        self.steps: list[str] = []
        self.events: list[Event] = []
        self.at = AtHandlers(lambda _, argv: self.steps.append(argv[0].decode()), self.record)
        self.at.attach(worker)

    def record(self, event: Event, /, **_: Any) -> None:
        self.events.append(event)

    def plan(self, at: str, side: Side) -> Injection:
        fault = BoundaryFault("kill", at, side)
        return self.at.plan(fault.planned(self.worker.name, lambda argv: argv[0].decode()))

    def handle(self, *, in_child: bool = False) -> list[str]:
        """A handler begins and ends. Returns the sides at which it was found dead."""
        pid = self.child.pid if in_child else self.worker.pid
        sides: tuple[Side, ...] = ("before-send", "before-reply")
        for say in ("start", "end"):
            request = Request(say=say, process=self.worker.name, pid=pid)
            for side in sides:
                if self.at(side, request):
                    return [say, side]
        return []


@pytest.fixture
def stand(tmp_path: Path) -> Iterator[Stand]:
    with ProcessGroup(grace_s=0.1) as group:
        argv = [sys.executable, "-c", _FORKS]
        worker = group.spawn(argv, log=tmp_path / "log", name="worker-1")
        while not (children := children_of(worker)):
            time.sleep(0.01)
        yield Stand(worker, children[0])
        children[0].kill()


@pytest.mark.parametrize("side", ["before-send", "before-reply"])
@pytest.mark.parametrize(("step", "say"), [("HANDLER-START", "start"), ("HANDLER-END", "end")])
def test_the_worker_is_killed_with_its_child(stand: Stand, step: str, say: str, side: Side) -> None:
    injection = stand.plan(f"{step}.1", side)
    assert stand.handle() == [say, side]
    assert injection.landed
    assert (stand.worker.alive, stand.child.alive) == (False, False)


def test_the_child_is_killed_alone(stand: Stand) -> None:
    injection = stand.plan("CHILD-END.1", "before-send")
    assert stand.handle(in_child=True) == ["end", "before-send"]
    assert (stand.worker.alive, stand.child.alive) == (True, False)
    assert injection.process == stand.child.name
    assert stand.steps == ["HANDLER-START", "CHILD-START", "HANDLER-END", "CHILD-END"]


def test_it_waits_for_the_nth(stand: Stand) -> None:
    injection = stand.plan("HANDLER-START.2", "before-reply")
    assert stand.handle() == []
    assert not injection.settled
    assert stand.handle() == ["start", "before-reply"]
    assert [event.word for event in stand.events] == [("event", "begun"), ("event", "landed")]


def test_a_step_that_the_desk_refused_is_over(stand: Stand) -> None:
    stand.plan("HANDLER-START.1", "before-reply")
    assert not stand.at("before-send", Request(say="start", process="worker-1", pid=1))
    assert stand.handle() == []


def test_a_handler_in_its_worker_has_no_steps_of_a_child(stand: Stand) -> None:
    assert stand.handle() == []
    assert stand.steps == ["HANDLER-START", "HANDLER-END"]


def test_only_a_kill_lands_there() -> None:
    assert Cell.parse("succeeds/kill/HANDLER-START.1/before-send")
    with pytest.raises(BadCell):
        Cell.parse("succeeds/reset/HANDLER-START.1/before-send")
