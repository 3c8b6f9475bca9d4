"""A worker's history is followed as it grows: each line is read once, and nothing is missed."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from chaos.history import Recorder
from chaos.history.events import End, Hello, Start
from chaos.rig.worker import Worker
from tests.chaos.rig.fleets import fleet_of


@pytest.fixture
def worker(tmp_path: Path) -> Iterator[Worker]:
    with fleet_of("input()", tmp_path) as made:
        yield made


def test_what_handlers_write_is_seen_when_it_is_there(worker: Worker) -> None:
    recorder = Recorder(worker.history, "fleet-1")
    assert worker.ids() == {}
    assert not worker.started("a")
    recorder.write(Hello(worker="w"))
    recorder.write(Start(job="a"), t=7)
    assert worker.ids() == {"w": os.getpid()}
    assert worker.started("a")
    assert not worker.started("a", "b")
    assert worker.started_since(6)
    assert not worker.started_since(7)
    recorder.write(End(job="a", outcome="error"))
    assert not worker.succeeded("a")
    recorder.write(Start(job="a"))
    recorder.write(End(job="a", outcome="ok"))
    assert worker.succeeded("a")
    assert (worker.starts(), worker.ends()) == (2, 2)


def test_the_workers_of_a_fleet_write_to_files_of_their_own(worker: Worker) -> None:
    for pid in (11, 12):
        name = f"fleet-1.{pid}"
        recorder = Recorder(worker.history.with_name(f"{name}.jsonl"), name)
        recorder.write(Start(job=f"job-of-{pid}"))
        assert worker.started(f"job-of-{pid}")
    stranger = Recorder(worker.history.with_name("fleet-12.jsonl"), "fleet-12")
    stranger.write(Start(job="of a stranger"))
    assert worker.started_jobs() == {"job-of-11", "job-of-12"}


def test_each_line_is_read_once(worker: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    recorder = Recorder(worker.history, "fleet-1")
    for number in range(100):
        recorder.write(Start(job=f"job-{number}"))
    assert worker.starts() == 100
    read, real = [], json.loads

    def loads(line: bytes) -> object:
        read.append(line)
        return real(line)

    monkeypatch.setattr(json, "loads", loads)
    recorder.write(Start(job="the last"))
    assert worker.started("the last", "job-0")
    assert worker.starts() == 101
    assert len(read) == 1
