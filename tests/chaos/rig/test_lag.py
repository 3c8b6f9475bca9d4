"""The machine's lag is noted, and a slow target is none of it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from chaos.history.events import Event, Lag
from chaos.processes.waiting import wait_until
from chaos.rig.lag import Clockwork, LagWatch, Waits

PATIENCE_S = 30.0


class Notes(list[Event]):
    """Keeps what is recorded."""

    def write(self, event: Event, /, *, t: int | None = None, process: str | None = None) -> None:
        del t, process
        self.append(event)

    @property
    def lag_ms(self) -> int:
        return sum(event.lag_ms for event in self if isinstance(event, Lag))


def pinned(stack: ExitStack, code: str, cpu: int) -> subprocess.Popen[bytes]:
    """A Python process on one processor."""
    code = f"import os; os.sched_setaffinity(0, {{{cpu}}})\n{code}"
    process = stack.enter_context(subprocess.Popen([sys.executable, "-c", code]))
    stack.callback(process.kill)
    return process


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def test_a_worker_that_gets_no_processor_is_noted(stack: ExitStack) -> None:
    cpu = min(os.sched_getaffinity(0))
    busy = [pinned(stack, "while True: pass", cpu) for _ in range(3)]
    notes = Notes()
    watch = LagWatch(notes.write, lambda: [process.pid for process in busy])
    watch.start()
    stack.callback(watch.close)
    assert wait_until(lambda: notes.lag_ms > 200, PATIENCE_S)


def test_watches_that_share_a_thread_tell_of_their_own_processes(stack: ExitStack) -> None:
    cpu = min(os.sched_getaffinity(0))
    busy = [pinned(stack, "while True: pass", cpu) for _ in range(3)]
    clockwork = Clockwork(step_s=0.05)
    stack.callback(clockwork.close)
    mine, others = Notes(), Notes()
    pids = [process.pid for process in busy]
    for notes, watched in ((mine, pids), (others, [])):
        watch = LagWatch(notes.write, lambda watched=watched: watched, clockwork=clockwork)  # type: ignore[misc]
        watch.start()
        stack.callback(watch.close)
    assert wait_until(lambda: mine.lag_ms > others.lag_ms + 200, PATIENCE_S)


def test_a_process_that_waits_for_something_else_does_not_wait_for_a_processor() -> None:
    code = "print('there', flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert wait_until(lambda: asleep(process.pid), PATIENCE_S)
        waits = Waits(process.pid)
        time.sleep(0.2)
        assert waits.since_last_ms() == 0
        assert not waits.for_disk()
        process.communicate(b"\n")
    assert waits.since_last_ms() == 0  # it is gone
    waits.close()


def test_a_process_that_waits_for_the_disk_is_noted(stack: ExitStack, tmp_path: Path) -> None:
    """Stood in for by a process that nothing can interrupt while its child waits for a pipe."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    code = (
        "import os, sys\n"
        "action = (os.POSIX_SPAWN_OPEN, 0, sys.argv[1], os.O_RDONLY, 0)\n"
        "os.posix_spawn('/bin/true', ['true'], {}, file_actions=[action])"
    )
    process = stack.enter_context(subprocess.Popen([sys.executable, "-c", code, str(pipe)]))
    stack.callback(pipe.write_bytes, b"")  # it goes on
    waits = Waits(process.pid)
    stack.callback(waits.close)
    assert wait_until(waits.for_disk, PATIENCE_S)
    notes = Notes()
    watch = LagWatch(notes.write, lambda: [process.pid])
    watch.start()
    stack.callback(watch.close)
    assert wait_until(lambda: notes.lag_ms > 200, PATIENCE_S)


def asleep(pid: int) -> bool:
    return "State:\tS" in Path(f"/proc/{pid}/status").read_text()


def test_a_deadline_is_later_on_a_machine_that_keeps_the_run_waiting() -> None:
    watch = LagWatch(Notes().write, list)
    watch._lags.append((time.monotonic() - 1, 9.0))  # before it began
    deadline = watch.deadline(10.0)
    assert 9.0 < deadline.left_s <= 10.0
    watch._lags.append((time.monotonic(), 2.0))
    assert 13.0 < deadline.left_s <= 14.0
    watch._lags.append((time.monotonic(), 1_000.0))
    assert 49.0 < deadline.left_s <= 50.0  # but not without end
    assert not deadline.passed
    assert watch.deadline(-1.0).passed
