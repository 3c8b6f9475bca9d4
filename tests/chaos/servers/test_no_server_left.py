"""However a rig ends, its server ends too."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from chaos.servers import open_server

RIG = """
import sys, time
from pathlib import Path
from chaos.processes import Interrupted, on_signals
from chaos.servers import open_server

try:
    with on_signals(), open_server(sys.argv[1], Path(sys.argv[2])) as server:
        print(server.pid, flush=True)
        time.sleep(60)
except Interrupted as interrupted:
    sys.exit(100 + interrupted.signum)
"""


@pytest.fixture
def rig(spec: str, directory: Path) -> Iterator[tuple[subprocess.Popen[str], psutil.Process]]:
    """A rig in a process of its own, and the server that it has started."""
    argv = [sys.executable, "-c", RIG, spec, str(directory)]
    with subprocess.Popen(
        argv, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[3]
    ) as popen:
        try:
            assert popen.stdout is not None
            server = psutil.Process(int(popen.stdout.readline()))
            yield popen, server
        finally:
            popen.kill()
            with contextlib.suppress(UnboundLocalError, psutil.NoSuchProcess):
                server.kill()


def gone(process: psutil.Process) -> bool:
    """Wait until the process no longer runs. A zombie counts as gone: no one here may reap it."""
    for _ in range(500):
        if not process.is_running() or process.status() == psutil.STATUS_ZOMBIE:
            return True
        with contextlib.suppress(psutil.TimeoutExpired):
            process.wait(0.01)
    return False


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux kills children with their parent")
def test_a_rig_that_is_killed_leaves_no_server(
    rig: tuple[subprocess.Popen[str], psutil.Process],
) -> None:
    popen, server = rig
    popen.kill()
    assert popen.wait(10) == -signal.SIGKILL
    assert gone(server)


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGHUP])
def test_a_rig_that_is_asked_to_leave_cleans_up_first(
    rig: tuple[subprocess.Popen[str], psutil.Process], signum: int
) -> None:
    popen, server = rig
    popen.send_signal(signum)
    assert popen.wait(10) == 100 + signum
    assert not server.is_running()


def test_an_exception_in_the_rig_leaves_no_server(spec: str, directory: Path) -> None:
    before = set(psutil.Process().children(recursive=True))
    pids = []

    def rig() -> None:
        with open_server(spec, directory) as server:
            pids.append(server.pid)
            server.pause()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        rig()
    assert pids[0] is not None
    assert not psutil.pid_exists(pids[0])
    assert set(psutil.Process().children(recursive=True)) <= before


def test_an_interrupt_while_it_starts_leaves_no_server(
    spec: str, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = open_server(spec, directory)
    started: list[int | None] = []

    def interrupt(_timeout_s: float) -> None:
        started.append(server.pid)
        raise KeyboardInterrupt

    monkeypatch.setattr(server, "wait_ready", interrupt)
    with pytest.raises(KeyboardInterrupt):
        server.start()
    (pid,) = started
    assert pid is not None
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
