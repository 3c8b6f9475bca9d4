"""The promises that all handles of a process share."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from chaos.processes import (
    ExitStatus,
    Forked,
    ForkServer,
    Handle,
    ProcessGroup,
    ProcessStillRunning,
    children_of,
)
from chaos.processes.stopped import halted, is_stopped

from .children import BUSY, TIMEOUT_S, eventually, python, running, words

linux = pytest.mark.skipif(sys.platform != "linux", reason="it reads /proc, or forks a server")
PARENT = f"""
import subprocess, sys
subprocess.Popen([sys.executable, "-c", '''{BUSY}''']).wait()
"""


@pytest.fixture(params=["Process", "Descendant", pytest.param("Forked", marks=linux)])
def busy(request: pytest.FixtureRequest, group: ProcessGroup, log: Path) -> Iterator[Handle]:
    """A process whose threads never rest, by each kind of handle."""
    if request.param == "Process":
        process = group.spawn(python(BUSY), log=log)
        words(log, 1)
        yield process
    elif request.param == "Descendant":
        parent = group.spawn(python(PARENT), log=log)
        words(log, 1)
        (child,) = children_of(parent)
        yield child
    else:
        log.parent.mkdir()
        forked = Forked("busy")
        with ForkServer("tests.chaos.processes.children:prepare", "", log=log) as server:
            server.fork(forked, BUSY, log=log)
            words(log, 1)
            yield forked
        forked.close()


def test_a_paused_process_is_stopped_in_all_its_threads(busy: Handle) -> None:
    for _ in range(20):
        assert busy.pause()
        assert busy.stopped
        assert busy.alive
        threads = Path(f"/proc/{busy.pid}/task")
        if threads.exists():
            states = [(task / "stat").read_text().split()[2] for task in threads.iterdir()]
            assert states == ["T"] * 6
        assert psutil.Process(busy.pid).status() == psutil.STATUS_STOPPED
        assert busy.pause()
        assert busy.resume()
        eventually(lambda: not busy.stopped)
        assert psutil.Process(busy.pid).status() != psutil.STATUS_STOPPED


def test_a_look_tells_the_stopped_the_running_and_the_ended_apart(busy: Handle) -> None:
    assert halted(busy.pid) is False
    assert busy.pause()
    assert halted(busy.pid) is True
    assert busy.resume()
    eventually(lambda: halted(busy.pid) is False)
    assert busy.pause()
    assert busy.kill()
    eventually(lambda: halted(busy.pid) is None)


def test_a_stopped_process_can_be_killed(busy: Handle) -> None:
    assert busy.pause()
    assert busy.kill()
    busy.wait(TIMEOUT_S)
    assert not busy.alive
    assert not busy.stopped


def test_signals_to_an_ended_process_go_nowhere(busy: Handle) -> None:
    assert busy.kill()
    busy.wait(TIMEOUT_S)
    eventually(lambda: not running(busy.pid))
    actions = (busy.kill, busy.pause, busy.resume, lambda: busy.signal(signal.SIGTERM))
    assert [action() for action in actions] == [False] * 4


def test_a_wait_has_its_limit(busy: Handle) -> None:
    with pytest.raises(ProcessStillRunning, match=rf"{busy.name} \(pid {busy.pid}\) still ran"):
        busy.wait(0.01)


def test_a_stop_has_its_limit(busy: Handle, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chaos.processes.handle.KILL_TIMEOUT_S", 0.05)
    monkeypatch.setattr("chaos.processes.handle.is_stopped", lambda pid: False)
    with pytest.raises(ProcessStillRunning, match=r"did not stop on SIGSTOP"):
        busy.pause()


def test_one_thread_may_kill_while_others_wait(busy: Handle) -> None:
    ended = []

    def wait() -> None:
        busy.wait(TIMEOUT_S)
        ended.append(not busy.alive)

    threads = [threading.Thread(target=wait, daemon=True) for _ in range(4)]
    killer = threading.Thread(target=busy.kill)
    for thread in (*threads, killer):
        thread.start()
    for thread in (*threads, killer):
        thread.join(TIMEOUT_S)
    assert ended == [True] * 4


def test_a_process_whose_first_thread_has_left_can_be_paused(
    group: ProcessGroup, log: Path
) -> None:
    code = """
import ctypes, threading
threading.Thread(target=lambda: [None for _ in iter(int, 1)]).start()
print("ready", flush=True)
ctypes.CDLL(None).pthread_exit(None)
"""
    process = group.spawn(python(code), log=log)
    words(log, 1)
    assert process.pause()
    process.kill()


def test_nobody_is_stopped_who_is_not_there(group: ProcessGroup, log: Path) -> None:
    process = group.spawn(["true"], log=log)
    process.wait(TIMEOUT_S)
    assert not is_stopped(process.pid)


@pytest.mark.parametrize(
    ("returncode", "said"), [(0, "exit code 0"), (-9, "SIGKILL"), (-36, "signal 36")]
)
def test_an_end_is_said_in_words(returncode: int, said: str) -> None:
    assert str(ExitStatus.of(returncode)) == said
