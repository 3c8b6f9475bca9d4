"""Child processes: their start, their output, their signals, their end."""

import signal
import threading
from pathlib import Path

import pytest

from chaos.processes import ExitStatus, ProcessGroup, ProcessStillRunning, spawn

from .children import python


def test_output_and_errors_are_appended_to_the_log(group: ProcessGroup, log: Path) -> None:
    for _ in range(2):
        child = group.spawn(
            python("import os; os.write(1, b'out '); os.write(2, b'err ')"), log=log
        )
        assert child.wait(20) == ExitStatus(code=0, signal=None)
    assert log.read_text() == "out err out err "


def test_a_child_gets_environment_and_directory_and_no_input(
    group: ProcessGroup, log: Path, tmp_path: Path
) -> None:
    code = "import os, sys; print(os.environ['A'], os.getcwd(), repr(sys.stdin.read()))"
    group.spawn(python(code), log=log, env={"A": "b"}, cwd=tmp_path).wait(20)
    assert log.read_text() == f"b {tmp_path} ''\n"


def test_how_a_process_ended_is_told(group: ProcessGroup, log: Path) -> None:
    assert group.spawn(python("raise SystemExit(7)"), log=log).wait(20) == ExitStatus(
        code=7, signal=None
    )
    child = group.spawn(["sleep", "60"], log=log, name="worker-1")
    assert child.poll() is None
    assert child.alive
    with pytest.raises(ProcessStillRunning, match="worker-1"):
        child.wait(0.01)
    assert child.kill()
    assert child.wait(20) == ExitStatus(code=None, signal=signal.SIGKILL)
    assert child.poll() == child.wait(0)
    assert not child.alive


def test_a_missing_program_is_an_error_of_the_system(log: Path) -> None:
    with pytest.raises(FileNotFoundError):
        spawn(["/no/such/program"], log=log)


def test_processes_are_started_from_the_main_thread_only(log: Path) -> None:
    errors: list[RuntimeError] = []

    def start() -> None:
        try:
            spawn(["true"], log=log)
        except RuntimeError as error:
            errors.append(error)

    thread = threading.Thread(target=start)
    thread.start()
    thread.join(20)
    assert "main thread" in str(errors[0])
