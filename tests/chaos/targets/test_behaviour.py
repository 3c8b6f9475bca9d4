"""The history of a worker process, and of the processes that it forks."""

from __future__ import annotations

import json
import multiprocessing
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from chaos.history import Recorder
from chaos.targets import behaviour
from chaos.targets.behaviour import WorkerLog


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


class Slow(Recorder):
    """Takes so long to be made that all threads that come together make one each."""

    def __init__(self, path: Path, process: str) -> None:
        time.sleep(0.1)
        super().__init__(path, process)


def _in_threads(log: WorkerLog, count: int) -> None:
    together = threading.Barrier(count)

    def write(number: int) -> None:
        together.wait()
        log.hello(f"worker-{number}")

    threads = [threading.Thread(target=write, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _fork(work: Callable[..., object], *args: object) -> int:
    """Do this in a process of its own. Returns its pid."""
    child = multiprocessing.get_context("fork").Process(target=work, args=args)
    child.start()
    child.join()
    assert child.exitcode == 0
    assert child.pid is not None
    return child.pid


@pytest.mark.parametrize("parent_writes", [True, False])
def test_threads_of_a_forked_process_number_its_lines_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, parent_writes: bool
) -> None:
    monkeypatch.setattr(behaviour, "Recorder", Slow)
    log = WorkerLog(str(tmp_path / "fleet.jsonl"), "fleet")
    if parent_writes:
        log.hello("first")
    pid = _fork(_in_threads, log, 4)
    own = lines(tmp_path / f"fleet.{pid}.jsonl")
    assert [line["n"] for line in own] == [1, 2, 3, 4]
    assert {line["process"] for line in own} == {f"fleet.{pid}"}
    parents = tmp_path / "fleet.jsonl"
    assert [line["n"] for line in (lines(parents) if parents.exists() else [])] == (
        [1] if parent_writes else []
    )


def test_a_process_of_a_forked_process_is_named_after_both(tmp_path: Path) -> None:
    log = WorkerLog(str(tmp_path / "fleet.jsonl"), "fleet")

    def fork_again() -> None:
        log.hello("child")
        _fork(log.hello, "grandchild")

    child = _fork(fork_again)
    names = sorted(path.name.split(".")[:2] for path in tmp_path.iterdir())
    assert names == [["fleet", str(child)]] * 2
