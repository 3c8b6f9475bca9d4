"""Forks that do one thing and die with their parent."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from .children import TIMEOUT_S, eventually, python, running

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has the signal")

CHILD = """
import os, sys, time
from chaos.processes import fork
print("before", end=" ")
child = fork(lambda: {work})
print(child.wait(20).code, end=" ")
"""


@pytest.mark.parametrize(
    ("work", "printed"),
    [
        ("print('in the child', end=' ')", "before in the child 0 "),
        ("sys.exit(5)", "before 5 "),
        ("1 / 0", "before 1 "),
    ],
)
def test_a_forked_child_does_its_work_and_nothing_else(work: str, printed: str) -> None:
    # With a buffer, in which the child could find what its parent has printed.
    env = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    argv = python(CHILD.format(work=work))
    ran = subprocess.run(argv, env=env, capture_output=True, text=True, timeout=TIMEOUT_S)
    assert ran.stdout == printed
    assert ("ZeroDivisionError" in ran.stderr) == ("1 / 0" in work)


def test_a_forked_child_dies_with_its_parent() -> None:
    code = """
import time
from chaos.processes import fork
print(fork(lambda: time.sleep(60)).pid, flush=True)
time.sleep(60)
"""
    with subprocess.Popen(python(code), stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert running(child)
        parent.kill()
    eventually(lambda: not running(child))


def test_a_child_whose_parent_has_died_already_ends_at_once() -> None:
    code = "from chaos.processes import die_with_parent; die_with_parent(parent=1 << 30)"
    assert subprocess.run(python(code), timeout=TIMEOUT_S).returncode == 1


def test_a_program_may_choose_the_signal_by_which_it_learns_of_its_parents_end() -> None:
    program = """
import os, signal, time
from chaos.processes import die_with_parent
def leave(*_):
    os.write(1, b"asked to leave\\n")  # not `print`: it may be the call that was interrupted
    os._exit(0)
signal.signal(signal.SIGTERM, leave)
die_with_parent(signal.SIGTERM)
print("ready", flush=True)
time.sleep(60)
"""
    code = """
import subprocess, sys, time
subprocess.Popen([sys.executable, "-c", sys.argv[1]])
time.sleep(60)
"""
    with subprocess.Popen(python(code, program), stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == "ready\n"
        parent.kill()
        assert parent.stdout.readline() == "asked to leave\n"
