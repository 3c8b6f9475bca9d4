"""Systems that cannot have worker processes: producers work there all the same."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import rrq_ref

from .database import Database

#: Windows, as far as it can be played elsewhere.
WINDOWS = """
import os, signal, sys
for name in ("SIGCHLD", "SIGQUIT", "SIGHUP", "SIGUSR1", "SIGUSR2", "SIGALRM", "SIGKILL", "SIGSTOP",
             "pthread_sigmask", "set_wakeup_fd", "siginterrupt"):
    delattr(signal, name)
for name in ("fork", "forkpty", "register_at_fork", "sched_getaffinity"):
    delattr(os, name)
"""


#: The folder that this package is imported from.
ROOT = str(Path(rrq_ref.__file__).parents[1])


def on_windows(program: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-c", WINDOWS + program]
    env = {**os.environ, "PYTHONPATH": ROOT}
    return subprocess.run(words, capture_output=True, text=True, timeout=60, cwd=cwd, env=env)


def test_a_producer_imports_and_enqueues(url: str, database: Database) -> None:
    done = on_windows(f"""
import rrq_ref
with rrq_ref.SyncClient(rrq_ref.Settings(redis_url={url!r})) as client:
    client.enqueue("send", job_id="a")
""")
    assert (done.returncode, done.stderr) == (0, "")
    assert database.queued() == ["a"]


def test_a_fleet_says_in_one_sentence_what_it_needs() -> None:
    done = on_windows("""
from rrq_ref import Fleet, RRQError, Settings
from rrq_ref.process import run_worker
for make in (lambda: Fleet({}, Settings()), lambda: run_worker({}, Settings())):
    try:
        make()
    except RRQError as error:
        print(error)
""")
    assert done.stderr == ""
    first, second = done.stdout.splitlines()
    assert first == second
    assert "os.fork" in first


@pytest.mark.parametrize("count", ["1", "2"])
def test_the_command_line_says_it_too(url: str, tmp_path: Path, count: str) -> None:
    (tmp_path / "my_handlers.py").write_text("HANDLERS = {}\n")
    words = ["--redis", url, "worker", "--handlers", "my_handlers", "--num-workers", count]
    program = f"from rrq_ref.__main__ import main\nsys.exit(main({words}))"
    done = on_windows(program, tmp_path)
    assert done.returncode == 1
    assert done.stderr.startswith("error: worker processes need os.fork")
    assert len(done.stderr.splitlines()) == 1
