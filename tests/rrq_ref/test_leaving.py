"""The exit of a worker's process: `atexit`, callbacks that hang, and SIGHUP."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rrq_ref import Settings, SyncClient

from .database import Database
from .program import eventually, launched

SETTINGS = {"drain_timeout_s": 30, "cleanup_timeout_s": 0.1, "lock_ttl_ms": 60_000}

Enqueue = Callable[..., None]


@pytest.fixture
def enqueue(url: str) -> Enqueue:
    def enqueue(function: str, job_id: str) -> None:
        with SyncClient(Settings(redis_url=url)) as client:
            client.enqueue(function, job_id=job_id)

    return enqueue


def run(kind: str, directory: Path, url: str, **options: Any) -> Any:
    return launched(kind, directory, url, settings=SETTINGS, **options)


def test_callbacks_of_atexit_run_once_in_every_process(
    url: str, tmp_path: Path, database: Database, enqueue: Enqueue
) -> None:
    """Both those that a handler registers, and those from before the fork."""
    enqueue("register", "a")
    with run("fleet", tmp_path, url, registered=True) as program:
        eventually(lambda: database.job("a")["status"] == "COMPLETED")
        workers = [str(worker.pid) for worker in program.workers()]
        program.process.signal(signal.SIGTERM)
        assert program.wait() == 0
        left = program.events("left")
        assert [what for _, *what in left].count(["after", "a"]) == 1
        everybody = sorted(pid for pid, *what in left if what == ["as", "every", "process"])
        assert everybody == sorted([*workers, str(program.process.pid)])


def test_what_is_the_parents_is_not_cleaned_up_by_its_workers(
    url: str, tmp_path: Path, database: Database
) -> None:
    """A temporary folder, and a `multiprocessing` process that has to end with the parent."""
    with run("fleet", tmp_path, url, child=True) as program:
        eventually(lambda: len(database.redis.keys("rrq:health:*")) == 2)
        program.process.signal(signal.SIGTERM)
        assert program.wait() == 0
        assert program.events("kept") == [["True", "True"]]


@pytest.mark.parametrize("kind", ["worker", "fleet"])
@pytest.mark.parametrize("refuses", ["refuse", "refuse_in_thread"])
def test_callbacks_run_although_a_handler_refuses_to_stop(
    url: str, tmp_path: Path, enqueue: Enqueue, kind: str, refuses: str
) -> None:
    enqueue("register", "a")
    enqueue(refuses, "b")
    with run(kind, tmp_path, url, workers=1) as program:
        eventually(lambda: program.events("began"))
        for _ in range(2):
            program.process.signal(signal.SIGTERM)
            eventually(lambda: "draining" in program.log())
        assert program.wait() == 0
        assert [what for _, *what in program.events("left")] == [["after", "a"]]


@pytest.mark.parametrize("kind", ["worker", "fleet"])
def test_a_callback_that_hangs_cannot_keep_the_process(
    url: str, tmp_path: Path, database: Database, enqueue: Enqueue, kind: str
) -> None:
    enqueue("register_for_ever", "a")
    with run(kind, tmp_path, url, workers=1) as program:
        eventually(lambda: database.job("a")["status"] == "COMPLETED")
        program.process.signal(signal.SIGTERM)
        assert program.wait() == 0
        assert "killing it" not in program.log()


@pytest.mark.parametrize("kind", ["worker", "fleet"])
def test_a_hang_up_drains(
    url: str, tmp_path: Path, database: Database, enqueue: Enqueue, kind: str
) -> None:
    enqueue("hold", "a")
    with run(kind, tmp_path, url, workers=1) as program:
        eventually(lambda: program.events("began"))
        program.process.signal_group(signal.SIGHUP)  # as a terminal that goes away does
        eventually(lambda: "draining" in program.log())
        program.tell("open")
        assert program.wait() == 0
        assert program.events("cleaned") == []
    assert database.job("a")["status"] == "COMPLETED"


@pytest.mark.parametrize("kind", ["worker", "fleet"])
def test_a_hang_up_that_was_ignored_from_the_start_stays_so(
    url: str, tmp_path: Path, database: Database, enqueue: Enqueue, kind: str
) -> None:
    with run(kind, tmp_path, url, workers=1, prefix=("nohup",)) as program:
        eventually(lambda: database.redis.keys("rrq:health:*"))
        program.process.signal_group(signal.SIGHUP)
        enqueue("register", "a")
        eventually(lambda: database.job("a")["status"] == "COMPLETED")
        assert "draining" not in program.log()
        program.process.signal_group(signal.SIGTERM)
        assert program.wait() == 0
