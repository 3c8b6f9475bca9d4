"""`python -m rrq_ref` as a command of its own: workers, signals, pipes and exit codes."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from chaos.processes import ProcessGroup
from rrq_ref import keys
from rrq_ref.client import SyncClient
from rrq_ref.job import JobStatus, NewJob

from .commands import ROOT, command, handlers_in, plain
from .database import Database
from .program import eventually

__all__ = ["plain"]


def test_a_burst_worker_runs_what_there_is_and_leaves(
    url: str, tmp_path: Path, plain: SyncClient
) -> None:
    handlers_in(tmp_path)
    job_id = command(tmp_path, "--redis", url, "enqueue", "double", "21").lines[0]
    unknown = plain.enqueue("fly", job_id="unknown")
    words = ["--handlers", "cli_handlers", "--burst", "--num-workers", "1", "--log", "json"]
    done = command(tmp_path, "--redis", url, "worker", *words)
    assert (done.code, done.out) == (0, "")
    job = plain.job(job_id)
    assert (job.status, job.result) == (JobStatus.COMPLETED, 42)
    assert plain.job(unknown.id).dead_reason == "unknown-handler"
    lines = [json.loads(line) for line in done.err.splitlines()]
    assert {line["queues"] for line in lines} == {"default"}
    assert {line["worker_id"] for line in lines} == {job.worker_id}


@pytest.mark.parametrize("count", [1, 3])
def test_num_workers_says_how_many_processes_there_are(
    url: str, tmp_path: Path, database: Database, count: int
) -> None:
    handlers_in(tmp_path)
    words = ["--redis", url, "worker", "--handlers", "cli_handlers", "--num-workers", str(count)]
    argv = [sys.executable, "-m", "rrq_ref", *words]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    with ProcessGroup(grace_s=5) as group:
        process = group.spawn(argv, log=tmp_path / "log.txt", cwd=tmp_path, env=env)
        eventually(lambda: len(database.redis.keys(keys.health("*"))) == count)
        found = [key.decode().rpartition(":")[2] for key in database.redis.keys(keys.health("*"))]
        pids = {int(worker_id.split("_")[2]) for worker_id in found}
        children = {child.pid for child in psutil.Process(process.pid).children()}
        assert pids == (children or {process.pid})
        assert len(pids) == count
        process.signal(signal.SIGTERM)
        assert process.wait(20).code == 0


HOOKS = """
import os, rrq_ref

def note(*words):
    with open("noted.txt", "a") as file:
        print(os.getpid(), *words, file=file)

async def start():
    note("start")

def fail(context):
    raise ValueError("no")

HANDLERS = {"fail": fail}
MINE = rrq_ref.Hooks(
    on_startup=start,
    on_shutdown=lambda: note("shutdown"),
    on_failure=lambda context, error, again: note("failure", context.job_id, again),
)
BROKEN = rrq_ref.Hooks(on_startup=lambda: exit(0), on_shutdown=lambda: note("shutdown"))
"""


@pytest.mark.parametrize("count", ["1", "2"])
def test_hooks_are_called_in_each_worker_process(
    url: str, tmp_path: Path, plain: SyncClient, count: str
) -> None:
    (tmp_path / "jobs.py").write_text(HOOKS)
    plain.enqueue("fail", job_id="a", max_retries=1)
    words = ["--handlers", "jobs", "--hooks", "jobs:MINE", "--burst", "--num-workers", count]
    done = command(tmp_path, "--redis", url, "worker", *words)
    assert done.code == 0, done.err
    noted = [line.split() for line in (tmp_path / "noted.txt").read_text().splitlines()]
    said = [words[1:] for words in noted]
    assert said.count(["start"]) == said.count(["shutdown"]) == int(count)
    assert said.count(["failure", "a", "False"]) == 1
    assert len({words[0] for words in noted}) == int(count)


def test_a_start_that_fails_ends_the_worker_with_a_code(
    url: str, tmp_path: Path, plain: SyncClient
) -> None:
    (tmp_path / "jobs.py").write_text(HOOKS)
    plain.enqueue("fail", job_id="a")
    words = ["--handlers", "jobs", "--hooks", "jobs:BROKEN", "--num-workers", "1"]
    done = command(tmp_path, "--redis", url, "worker", *words)
    assert done.code == 1
    assert "on_startup failed: SystemExit: 0" in done.err
    assert plain.job("a").status is JobStatus.PENDING
    assert not (tmp_path / "noted.txt").exists()


def test_help_names_every_command(tmp_path: Path) -> None:
    shown = command(tmp_path, "--help")
    assert shown.code == 0
    for name in ("worker", "enqueue", "job", "queue", "queues", "dlq", "health", "cancel", "wait"):
        assert f"    {name} " in shown.out


def test_an_error_of_the_real_command_is_no_traceback(tmp_path: Path) -> None:
    done = command(tmp_path, "--redis", "redis://127.0.0.1:1/0", "queue")
    assert done.code == 1
    assert done.err.startswith("error: ")
    assert done.err.count("\n") == 1


@pytest.mark.parametrize(
    "words", [["queues"], ["queue", *["default"] * 300], ["job", "big"], ["--help"]]
)
@pytest.mark.parametrize("mode", ["-u", "-B"])
def test_a_reader_that_leaves_early_ends_no_command_with_a_traceback(
    url: str, tmp_path: Path, plain: SyncClient, words: list[str], mode: str
) -> None:
    plain.enqueue("send", "x" * 200_000, job_id="big")
    plain.enqueue_many([NewJob(function="send", queue=f"queue-{n:>0200}") for n in range(400)])
    process = subprocess.Popen(
        [sys.executable, mode, "-m", "rrq_ref", "--redis", url, *words],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.read(10)
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait(60) == 0


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
@pytest.mark.parametrize("words", [["queue"], ["queues"], ["--help"]])
def test_an_output_that_cannot_be_written_is_an_error(
    url: str, plain: SyncClient, words: list[str]
) -> None:
    plain.enqueue("send")
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "rrq_ref", "--redis", url, *words],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
        )
    assert done.returncode == 1
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("words", [["queue"], ["enqueue", "send"], ["health"]])
def test_ctrl_c_ends_a_command_with_130_and_no_traceback(tmp_path: Path, words: list[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"redis://127.0.0.1:{silent.getsockname()[1]}/0"
        process = subprocess.Popen(
            [sys.executable, "-m", "rrq_ref", *words, "--redis", url],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        connection, _ = silent.accept()
        with connection:
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (130, b"", b"")
