"""Processes that one of ours has started: found, and told from strangers."""

from __future__ import annotations

import subprocess
from pathlib import Path

import psutil
import pytest

from chaos.processes import Descendant, ProcessGroup, children_of, descendants_of

from .children import TIMEOUT_S, python, words

#: A child that has a child, each of which prints its process id.
FAMILY = """
import os, subprocess, sys, time
print(os.getpid(), flush=True)
depth = int(sys.argv[1])
if depth:
    subprocess.Popen([sys.executable, "-c", open(sys.argv[2]).read(), str(depth - 1), sys.argv[2]])
time.sleep(60)
"""


@pytest.fixture
def family(tmp_path: Path) -> list[str]:
    program = tmp_path / "family.py"
    program.write_text(FAMILY)
    return python(FAMILY, "2", str(program))


def test_children_are_those_of_the_process_itself(
    group: ProcessGroup, log: Path, family: list[str]
) -> None:
    parent = group.spawn(family, log=log, name="fleet-1")
    _, child, grandchild = map(int, words(log, 3))
    assert [each.pid for each in children_of(parent)] == [child]
    assert [each.name for each in children_of(parent)] == [f"fleet-1.{child}"]
    assert sorted(each.pid for each in descendants_of(parent)) == sorted([child, grandchild])


def test_those_that_a_dead_process_leaves_behind_are_found_by_its_session(
    group: ProcessGroup, log: Path, family: list[str]
) -> None:
    parent = group.spawn(family, log=log)
    _, child, grandchild = map(int, words(log, 3))
    parent.kill()
    parent.wait(TIMEOUT_S)
    assert children_of(parent) == []
    assert sorted(each.pid for each in descendants_of(parent)) == sorted([child, grandchild])


def test_a_zombie_does_not_live() -> None:
    with subprocess.Popen(["sleep", "60"]) as ours:
        child = Descendant(psutil.Process(ours.pid), "me")
        assert child.alive
        assert child.kill()
        child.wait(TIMEOUT_S)
        assert psutil.Process(ours.pid).status() == psutil.STATUS_ZOMBIE
        assert not child.resume()


def test_a_stranger_with_the_same_process_id_is_left_alone(group: ProcessGroup, log: Path) -> None:
    process = group.spawn(["sleep", "60"], log=log)
    stranger = psutil.Process(process.pid)
    child = Descendant(stranger, "me")
    # Started at another time, as whoever gets the number next will have been.
    stranger._ident = (process.pid, 1.0)  # type: ignore[attr-defined]
    assert not child.alive
    assert not child.kill()
    assert process.alive
