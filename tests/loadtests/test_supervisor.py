"""The supervisor alone, with a producer that is no Locust."""

from __future__ import annotations

import fcntl
import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from chaos.history import Recorder
from chaos.load.protocol import Ready
from chaos.rig.enqueue import enqueue
from chaos.targets import Job, find_target
from tests.chaos.rig.running import LIMIT_S

pytestmark = pytest.mark.slow

Supervisor = subprocess.Popen[bytes]


@pytest.fixture
def supervisor(tmp_path: Path) -> Iterator[Supervisor]:
    argv = [sys.executable, "-m", "chaos.load", "--workers", "1"]
    with subprocess.Popen(
        [*argv, "--out", str(tmp_path / "run")], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        hangs = threading.Timer(LIMIT_S, process.kill)
        hangs.start()
        yield process
        hangs.cancel()
        process.terminate()


def message(supervisor: Supervisor) -> dict[str, Any]:
    assert supervisor.stdout is not None
    found: dict[str, Any] = json.loads(supervisor.stdout.readline())
    return found


def order(supervisor: Supervisor, *orders: str) -> None:
    assert supervisor.stdin is not None
    supervisor.stdin.write("".join(f"{line}\n" for line in orders).encode())
    supervisor.stdin.flush()


def test_it_waits_for_producers_and_owns_up_to_a_fault_that_did_not_come(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    ready = Ready.from_json(message(supervisor)["ready"])
    with ready.lock.open() as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        order(supervisor, "chaos kill", "finish")
        # It notes what did not come about just before it looks whether producers are left.
        rig, end = tmp_path / "run" / "history" / "rig.jsonl", time.monotonic() + LIMIT_S
        while '"missed"' not in rig.read_text():
            assert time.monotonic() < end
            time.sleep(0.01)
        producer = find_target(ready.target).producer(ready.url_file.read_text(), ready.settings)
        recorder = Recorder(ready.history / "producer-late.jsonl", "producer-late")
        late = [Job(id="late", plan={})]
        assert enqueue(producer, late, ready.settings, recorder.write) is None
        producer.close()
    assert message(supervisor)["verdict"] == {"outcome": "unknown", "exit_code": 3}
    assert supervisor.wait(LIMIT_S) == 3
    verdict = json.loads((tmp_path / "run" / "verdict.json").read_text())
    assert verdict["counts"]["completed"] == 1
    (reason,) = verdict["unknown_because"]
    assert "planned faults did not land" in reason


def test_the_end_of_its_input_is_the_end_of_the_load(supervisor: Supervisor) -> None:
    assert "ready" in message(supervisor)
    assert supervisor.stdin is not None
    supervisor.stdin.close()
    assert message(supervisor)["verdict"]["outcome"] == "unknown"
    assert supervisor.wait(LIMIT_S) == 3
