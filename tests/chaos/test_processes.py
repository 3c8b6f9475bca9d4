"""Child processes: signals, ends, and clean-up however the rig is left."""

import contextlib
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from chaos.processes import (
    ExitStatus,
    Interrupted,
    Process,
    ProcessGroup,
    ProcessStillRunning,
    held_back,
    on_signals,
    spawn,
)

STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN)"
PARENT = f"""
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", '''{STUBBORN}
print("stubborn", flush=True)
time.sleep(60)
'''])
print(child.pid, flush=True)
"""


@pytest.fixture
def group() -> Iterator[ProcessGroup]:
    with ProcessGroup(grace_s=5) as group:
        yield group


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "logs" / "child.log"


@pytest.fixture
def default_signals() -> Iterator[None]:
    """SIGINT may come in ignored, as in a job in the background."""
    signals = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {signum: signal.signal(signum, signal.default_int_handler) for signum in signals}
    yield
    for signum, handler in before.items():
        signal.signal(signum, handler)


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def eventually(condition: Callable[[], bool], timeout_s: float = 20) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "it never became so"
        time.sleep(0.005)


def running(pid: int) -> bool:
    """Whether it lives; an orphan may stay a zombie where nobody reaps it."""
    with contextlib.suppress(psutil.NoSuchProcess):
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    return False


def words(log: Path, count: int) -> list[str]:
    eventually(lambda: log.exists() and len(log.read_text().split()) >= count)
    return log.read_text().split()


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


def test_signals_to_an_ended_process_go_nowhere(group: ProcessGroup, log: Path) -> None:
    child = group.spawn(["true"], log=log)
    child.wait(20)
    actions = (child.kill, child.pause, child.resume, lambda: child.signal_group(signal.SIGTERM))
    assert [action() for action in actions] == [False] * 4


def test_a_missing_program_is_an_error_of_the_system(log: Path) -> None:
    with pytest.raises(FileNotFoundError):
        spawn(["/no/such/program"], log=log)


def test_a_paused_process_stands_still_in_all_its_threads(group: ProcessGroup, log: Path) -> None:
    code = """
import threading, time
for _ in range(5):
    threading.Thread(target=lambda: [None for _ in iter(int, 1)], daemon=True).start()
print("ready", flush=True)
time.sleep(60)
"""
    child = group.spawn(python(code), log=log)
    words(log, 1)
    for _ in range(20):
        assert child.pause()
        threads = Path(f"/proc/{child.pid}/task")
        if threads.exists():
            states = [(task / "stat").read_text().split()[2] for task in threads.iterdir()]
            assert states == ["T"] * 6
        assert psutil.Process(child.pid).status() == psutil.STATUS_STOPPED
        assert child.pause()
        assert child.resume()
        assert psutil.Process(child.pid).status() != psutil.STATUS_STOPPED


def test_one_thread_may_kill_while_others_wait(group: ProcessGroup, log: Path) -> None:
    child = group.spawn(["sleep", "60"], log=log)
    answers: list[ExitStatus] = []
    threads = [
        threading.Thread(target=lambda: answers.append(child.wait(20)), daemon=True)
        for _ in range(4)
    ]
    killer = threading.Thread(target=child.kill)
    for thread in (*threads, killer):
        thread.start()
    for thread in (*threads, killer):
        thread.join(20)
    assert answers == [ExitStatus(code=None, signal=signal.SIGKILL)] * 4


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


@pytest.mark.parametrize("leader", ["lives", "was killed", "has left"])
def test_grandchildren_end_with_their_group(log: Path, leader: str) -> None:
    with ProcessGroup(grace_s=0.2) as group:
        ending = "" if leader == "has left" else "time.sleep(60)"
        child = group.spawn(python(PARENT + ending), log=log)
        grandchild = int(next(word for word in words(log, 2) if word.isdigit()))
        if leader == "was killed":
            child.kill()
        if leader != "lives":
            child.wait(20)
        assert running(grandchild)
    assert not running(grandchild)
    assert not child.group_alive()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux kills children with their parent")
def test_a_child_does_not_outlive_a_killed_rig(log: Path) -> None:
    code = """
import sys, time
from pathlib import Path
from chaos.processes import spawn
print(spawn(["sleep", "60"], log=Path(sys.argv[1])).pid, flush=True)
time.sleep(60)
"""
    root = Path(__file__).parents[2]
    argv = [*python(code), str(log)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, cwd=root) as rig:
        assert rig.stdout is not None
        child = int(rig.stdout.readline())
        assert running(child)
        rig.kill()
    eventually(lambda: not running(child))


@pytest.mark.usefixtures("default_signals")
@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_becomes_one_exception(signum: signal.Signals) -> None:
    before = signal.getsignal(signum)
    cleaned = []

    def rig() -> None:
        try:
            signal.raise_signal(signum)
        finally:
            signal.raise_signal(signal.SIGTERM)  # Ignored: it would cut the clean-up short.
            cleaned.append(True)

    with pytest.raises(Interrupted, match=signum.name) as caught, on_signals():
        rig()
    assert caught.value.signum == signum
    assert cleaned
    assert signal.getsignal(signum) is before


@pytest.mark.usefixtures("default_signals")
def test_an_ignored_signal_stays_ignored() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    with on_signals():
        signal.raise_signal(signal.SIGHUP)
    assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN


@pytest.mark.usefixtures("default_signals")
def test_a_signal_waits_for_the_end_of_a_step_that_must_not_be_cut() -> None:
    steps = []

    def rig() -> None:
        with held_back():
            with held_back():
                signal.raise_signal(signal.SIGTERM)
                steps.append("inner")
            signal.raise_signal(signal.SIGINT)
            steps.append("outer")
        steps.append("never")

    with pytest.raises(Interrupted) as caught, on_signals():
        rig()
    assert steps == ["inner", "outer"]
    assert caught.value.signum == signal.SIGTERM


@pytest.mark.usefixtures("default_signals")
def test_a_signal_during_clean_up_does_not_stop_it(log: Path) -> None:
    # The child sends the rig a SIGTERM exactly while the rig waits for the child to leave.
    code = """
import os, signal, time
signal.signal(signal.SIGTERM, lambda *_: os.kill(os.getppid(), signal.SIGTERM))
print("ready", flush=True)
while True:
    time.sleep(60)
"""
    children = []

    def rig() -> None:
        with ProcessGroup(grace_s=0.5) as group:
            children.append(group.spawn(python(code), log=log))
            words(log, 1)

    with pytest.raises(Interrupted), on_signals():
        rig()
    assert children[0].wait(0).signal == signal.SIGKILL


@pytest.mark.usefixtures("default_signals")
def test_a_signal_between_start_and_registration_leaves_no_child(
    log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    children = []

    def interrupted_spawn(*args: Any, **options: Any) -> Process:
        children.append(spawn(*args, **options))
        signal.raise_signal(signal.SIGTERM)
        return children[0]

    monkeypatch.setattr("chaos.processes.group.spawn", interrupted_spawn)
    with pytest.raises(Interrupted), on_signals(), ProcessGroup() as group:
        group.spawn(["sleep", "60"], log=log)
    assert not children[0].alive
