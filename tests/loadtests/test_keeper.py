"""The keeper alone, with a producer that is no Locust."""

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
from chaos.rig.enqueue import enqueue
from chaos.targets import find_target
from chaos.targets.target import Job, WorkerSettings
from tests.chaos.rig.running import LIMIT_S

pytestmark = pytest.mark.slow

Keeper = subprocess.Popen[bytes]


@pytest.fixture
def keeper(tmp_path: Path) -> Iterator[Keeper]:
    argv = [sys.executable, "-m", "chaos.load.supervisor", "--workers", "1"]
    with subprocess.Popen(
        [*argv, "--out", str(tmp_path / "run")], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        hangs = threading.Timer(LIMIT_S, process.kill)
        hangs.start()
        yield process
        hangs.cancel()
        process.terminate()


def message(keeper: Keeper) -> dict[str, Any]:
    assert keeper.stdout is not None
    found: dict[str, Any] = json.loads(keeper.stdout.readline())
    return found


def order(keeper: Keeper, *orders: str) -> None:
    assert keeper.stdin is not None
    keeper.stdin.write("".join(f"{line}\n" for line in orders).encode())
    keeper.stdin.flush()


def test_it_waits_for_producers_and_owns_up_to_a_fault_that_did_not_come(
    keeper: Keeper, tmp_path: Path
) -> None:
    stand = message(keeper)["ready"]
    with Path(stand["door"]).open() as door:
        fcntl.flock(door, fcntl.LOCK_SH)
        order(keeper, "chaos kill", "finish")
        # It notes what did not come about just before it looks whether producers are left.
        rig, end = tmp_path / "run" / "history" / "rig.jsonl", time.monotonic() + LIMIT_S
        while '"missed"' not in rig.read_text():
            assert time.monotonic() < end
            time.sleep(0.01)
        settings = WorkerSettings(**stand["settings"])
        producer = find_target(stand["target"]).producer(
            Path(stand["url_file"]).read_text(), settings
        )
        recorder = Recorder(Path(stand["history"]) / "producer-late.jsonl", "producer-late")
        assert enqueue(producer, [Job(id="late", plan={})], settings, recorder.write) is None
        producer.close()
    assert message(keeper)["verdict"] == {"outcome": "unknown", "exit_code": 3}
    assert keeper.wait(LIMIT_S) == 3
    verdict = json.loads((tmp_path / "run" / "verdict.json").read_text())
    assert verdict["counts"]["completed"] == 1
    (reason,) = verdict["unknown_because"]
    assert "planned faults did not land" in reason


def test_the_end_of_its_input_is_the_end_of_the_load(keeper: Keeper) -> None:
    assert "ready" in message(keeper)
    assert keeper.stdin is not None
    keeper.stdin.close()
    assert message(keeper)["verdict"]["outcome"] == "unknown"
    assert keeper.wait(LIMIT_S) == 3
