"""Groups of processes: all ended, however the rig is left."""

import contextlib
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from chaos.processes import Process, ProcessGroup, spawn

from .children import eventually, python, running, words

ROOT = Path(__file__).parents[3]
STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN)"
PARENT = f"""
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", '''{STUBBORN}
print("stubborn", flush=True)
time.sleep(60)
'''], start_new_session=len(sys.argv) > 1)
print(child.pid, flush=True)
"""


@pytest.mark.parametrize("error", [None, ZeroDivisionError, KeyboardInterrupt])
def test_leaving_a_group_ends_what_it_started(log: Path, error: type[BaseException] | None) -> None:
    children: list[Process] = []
    expected = contextlib.nullcontext() if error is None else pytest.raises(error)
    with expected, ProcessGroup(grace_s=10) as group:
        children += [group.spawn(["sleep", "60"], log=log) for _ in range(2)]
        group.add(spawn(["sleep", "60"], log=log))
        children[0].pause()
        if error is not None:
            raise error
    # SIGTERM was enough, for the stopped one too.
    assert [child.wait(0).signal for child in children] == [signal.SIGTERM] * 2
    group.end()


def test_what_ignores_sigterm_is_killed_after_its_grace(log: Path) -> None:
    with ProcessGroup(grace_s=0.1) as group:
        child = group.spawn(
            python(f"{STUBBORN}; print('ready', flush=True); time.sleep(60)"), log=log
        )
        words(log, 1)
    assert child.wait(0).signal == signal.SIGKILL


@pytest.mark.parametrize("apart", [(), ("in a session of their own",)])
@pytest.mark.parametrize("leader", ["lives", "was killed", "has left"])
def test_grandchildren_end_with_their_group(log: Path, leader: str, apart: tuple[str, ...]) -> None:
    with ProcessGroup(grace_s=0.2) as group:
        ending = "" if leader == "has left" else "time.sleep(60)"
        child = group.spawn(python(PARENT + ending, *apart), log=log)
        grandchild = int(next(word for word in words(log, 2) if word.isdigit()))
        if leader == "was killed":
            child.kill()
        if leader != "lives":
            child.wait(20)
        assert running(grandchild)
    assert not running(grandchild)
    assert not child.group_alive()


def test_what_a_killed_group_has_left_apart_ends_with_the_group_around_it(log: Path) -> None:
    argv = python(PARENT + "time.sleep(60)", "in a session of its own")
    inner = f"""
import time
from pathlib import Path
from chaos.processes import ProcessGroup
with ProcessGroup() as group:
    group.spawn({argv!r}, log=Path({str(log)!r}))
    time.sleep(60)
"""
    with ProcessGroup(grace_s=0.2) as group:
        rig = group.spawn(python(inner), log=log.with_name("rig.log"), cwd=ROOT)
        apart = int(next(word for word in words(log, 2) if word.isdigit()))
        rig.kill()
        rig.wait(20)
        assert running(apart)
    assert not running(apart)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux kills children with their parent")
def test_a_child_does_not_outlive_a_killed_rig(log: Path) -> None:
    code = """
import sys, time
from pathlib import Path
from chaos.processes import spawn
print(spawn(["sleep", "60"], log=Path(sys.argv[1])).pid, flush=True)
time.sleep(60)
"""
    argv = [*python(code), str(log)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, cwd=ROOT) as rig:
        assert rig.stdout is not None
        child = int(rig.stdout.readline())
        assert running(child)
        rig.kill()
    eventually(lambda: not running(child))
