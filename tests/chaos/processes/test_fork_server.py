"""A fork server: its children, its end, and theirs with it."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from chaos.processes import ExitStatus, Family, Forked, ForkServer, ForkServerGone

from .children import PREPARE, TIMEOUT_S, eventually, python, running, words

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="it signals through pidfds")


def fork(server: ForkServer, log: Path, order: str, name: str = "child") -> Forked:
    log.parent.mkdir(exist_ok=True)
    forked = Forked(name)
    server.fork(forked, order, log=log)
    return forked


def end_of(forked: Forked) -> ExitStatus | None:
    forked.wait(TIMEOUT_S)
    eventually(lambda: forked.status is not None)
    forked.close()
    return forked.status


def server_of(forked: Forked) -> psutil.Process:
    parent = psutil.Process(forked.pid).parent()
    assert parent is not None
    return parent


def test_a_child_begins_with_what_the_server_has_prepared(server: ForkServer, log: Path) -> None:
    forked = fork(server, log, "import os; print(ready, os.getpid(), os.getppid())")
    parent = server_of(forked).pid if forked.alive else None
    assert end_of(forked) == ExitStatus(code=0, signal=None)
    said, pid, ppid = map(int, log.read_text().split())
    assert (said, pid) == (1, forked.pid)
    assert parent in (None, ppid)


def test_a_child_shares_nothing_with_the_next(server: ForkServer, log: Path) -> None:
    for name in ("first", "second"):
        end_of(fork(server, log, "ready += 1; print(ready)", name))
    assert log.read_text().split() == ["2", "2"]


@pytest.mark.parametrize(
    ("order", "end"),
    [
        ("raise SystemExit", ExitStatus(code=0, signal=None)),
        ("raise SystemExit(7)", ExitStatus(code=7, signal=None)),
        ("raise SystemExit('no')", ExitStatus(code=1, signal=None)),
        ("raise ValueError('it broke')", ExitStatus(code=1, signal=None)),
        ("import os; os._exit(3)", ExitStatus(code=3, signal=None)),
        ("import os; os.kill(os.getpid(), 15)", ExitStatus(code=None, signal=15)),
    ],
)
def test_the_end_of_a_child_is_told(
    server: ForkServer, log: Path, order: str, end: ExitStatus
) -> None:
    told: list[Forked] = []
    log.parent.mkdir()
    forked = Forked("child", lambda: told.append(forked))
    server.fork(forked, order, log=log)
    assert end_of(forked) == end
    eventually(lambda: told == [forked])
    assert not forked.lost
    assert ("it broke" in log.read_text()) == ("it broke" in order)


def test_ctrl_c_reaches_children_but_not_the_server(server: ForkServer, log: Path) -> None:
    waiting = fork(server, log, "import time; print('ready', flush=True); time.sleep(60)")
    words(log, 1)
    server_of(waiting).send_signal(signal.SIGINT)
    waiting.signal(signal.SIGINT)
    assert end_of(waiting) == ExitStatus(code=1, signal=None)
    assert "KeyboardInterrupt" in log.read_text()
    assert end_of(fork(server, log, "pass", "next")) == ExitStatus(code=0, signal=None)


def test_a_server_that_dies_takes_its_children_along(server: ForkServer, log: Path) -> None:
    order = "import time; print('ready', flush=True); time.sleep(60)"
    children = [fork(server, log, order, name) for name in ("one", "two")]
    words(log, 2)
    # A child may speak before the server has said that it is there.
    assert all(child.alive for child in children)
    server_of(children[0]).kill()
    for child in children:
        assert end_of(child) == ExitStatus(code=None, signal=signal.SIGKILL)
        assert child.lost
        assert not child.kill()
        eventually(lambda child=child: not running(child.pid))  # type: ignore[misc]
    late = Forked("late")
    with pytest.raises(ForkServerGone, match=r"see .*server\.log"):
        server.fork(late, order, log=log)
    assert late.lost
    assert not late.alive


def test_a_server_that_cannot_be_prepared_is_gone(tmp_path: Path, log: Path) -> None:
    server_log = tmp_path / "server.log"
    with ForkServer(PREPARE, "raise ValueError('no such target')", log=server_log) as server:
        forked = Forked("child")
        # The order may still be taken, by a socket that nobody reads.
        with contextlib.suppress(ForkServerGone):
            server.fork(forked, "pass", log=log)
        eventually(lambda: forked.lost is not None)
        with pytest.raises(ForkServerGone):
            _ = forked.pid
    assert "no such target" in server_log.read_text()


def test_leaving_the_block_ends_server_and_children(tmp_path: Path, log: Path) -> None:
    with ForkServer(PREPARE, "", log=tmp_path / "server.log") as server:
        forked = fork(server, log, "import time; print('ready', flush=True); time.sleep(60)")
        words(log, 1)
        parent = server_of(forked)
    assert not running(parent.pid)
    eventually(lambda: not running(forked.pid))
    forked.close()


def test_nobody_outlives_a_killed_rig(tmp_path: Path, log: Path) -> None:
    code = """
import sys, time
from pathlib import Path
from chaos.processes import Forked, ForkServer
log, prepare = Path(sys.argv[1]), sys.argv[2]
with ForkServer(prepare, "import time", log=log) as server:
    forked = Forked("child")
    server.fork(forked, "time.sleep(60)", log=log)
    print(forked.pid, flush=True)
    time.sleep(60)
"""
    log.parent.mkdir()
    argv = python(code, str(log), PREPARE)
    with subprocess.Popen(argv, stdout=subprocess.PIPE) as rig:
        assert rig.stdout is not None
        child = psutil.Process(int(rig.stdout.readline()))
        parent = child.parent()
        rig.kill()
    assert parent is not None
    eventually(lambda: not running(child.pid) and not running(parent.pid))


FAMILY = """
import subprocess, time
print(subprocess.Popen(["sleep", "60"]).pid, flush=True)
time.sleep(60)
"""


def test_a_kill_or_a_pause_of_a_family_hits_all_of_it(server: ForkServer, log: Path) -> None:
    log.parent.mkdir(exist_ok=True)
    family = Family("family")
    server.fork(family, FAMILY, log=log)
    eventually(lambda: log.exists() and log.read_text().endswith("\n"))
    child = psutil.Process(int(log.read_text()))
    assert family.pause()
    assert (family.stopped, child.status()) == (True, psutil.STATUS_STOPPED)
    assert family.resume()
    eventually(lambda: child.status() != psutil.STATUS_STOPPED)
    assert family.kill()
    assert end_of(family) == ExitStatus(code=None, signal=signal.SIGKILL)
    eventually(lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE)
