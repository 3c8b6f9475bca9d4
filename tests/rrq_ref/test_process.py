"""One worker process: signals, and exits that nothing can prevent."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from rrq_ref import Settings, SyncClient
from rrq_ref.process import new_worker_id
from rrq_ref.store import connect

from .database import Database
from .program import eventually, launched

SETTINGS = {"drain_timeout_s": 30, "cleanup_timeout_s": 0.2, "lock_ttl_ms": 5_000}

Enqueue = Callable[..., None]


@pytest.fixture
def enqueue(url: str) -> Enqueue:
    def enqueue(function: str, *job_ids: str) -> None:
        with SyncClient(Settings(redis_url=url)) as client:
            for job_id in job_ids:
                client.enqueue(function, job_id=job_id)

    return enqueue


def test_worker_ids_say_the_process_and_never_meet_twice() -> None:
    ids = {new_worker_id() for _ in range(1000)}
    assert len(ids) == 1000
    assert all(re.fullmatch(rf"rrq_worker_{os.getpid()}_[0-9a-f]{{12}}", each) for each in ids)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_drains_and_a_second_one_skips_the_wait(
    url: str, tmp_path: Path, database: Database, enqueue: Enqueue, number: int
) -> None:
    enqueue("hold", "a")
    with launched("worker", tmp_path, url, settings=SETTINGS) as program:
        eventually(lambda: program.events("began"))
        program.process.signal(number)
        eventually(lambda: "draining" in program.log())
        assert program.process.alive
        assert database.locked() == ["a"]
        program.process.signal(number)
        assert program.wait() == 0
        assert program.events("cleaned")
    assert database.queued() == ["a"]
    assert database.redis.keys("rrq:health:*") == []


def test_a_signal_lets_a_running_job_end(
    url: str, tmp_path: Path, database: Database, enqueue: Enqueue
) -> None:
    enqueue("hold", "a")
    with launched("worker", tmp_path, url, settings=SETTINGS) as program:
        eventually(lambda: program.events("began"))
        program.process.signal(signal.SIGTERM)
        eventually(lambda: "draining" in program.log())
        enqueue("hold", "b")
        program.tell("open")
        assert program.wait() == 0
    assert database.job("a")["status"] == "COMPLETED"
    assert database.queued() == ["b"]


@pytest.mark.parametrize("function", ["refuse", "refuse_in_thread"])
def test_no_handler_can_keep_the_process_alive(
    url: str, tmp_path: Path, database: Database, enqueue: Enqueue, function: str
) -> None:
    enqueue(function, "a")
    with launched("worker", tmp_path, url, settings=SETTINGS) as program:
        eventually(lambda: program.events("began"))
        for _ in range(2):
            program.process.signal(signal.SIGTERM)
            eventually(lambda: "draining" in program.log())
        assert program.wait() == 0
        assert "refuses to stop" in program.log()
    assert database.locked() == ["a"]


def test_a_worker_that_cannot_start_says_why_and_who_it_is(url: str, tmp_path: Path) -> None:
    with launched("worker", tmp_path, url, broken=True) as program:
        assert program.wait() == 1
        line = next(line for line in program.log().splitlines() if "failed" in line)
        assert re.search(r"ERROR \[rrq_worker_\d+_[0-9a-f]{12} default\]", line)
        assert "Redis URL must specify" in program.log()


def test_the_pool_is_sized_from_the_concurrency() -> None:
    for concurrency in (1, 50):
        pool = connect(Settings(concurrency=concurrency)).connection_pool
        assert concurrency < pool.max_connections < concurrency + 10


def test_a_worker_has_one_pool_sized_from_its_concurrency(
    url: str, tmp_path: Path, database: Database, enqueue: Enqueue
) -> None:
    settings = {**SETTINGS, "concurrency": 4}
    before = len(database.redis.client_list())
    enqueue("hold", *(f"j{n}" for n in range(4)))
    with launched("worker", tmp_path, url, settings=settings) as program:
        eventually(lambda: len(program.events("began")) == 4)
        enqueue("hold", *(f"k{n}" for n in range(50)))
        program.tell("open")
        eventually(lambda: not database.queued() and not database.locked())
        assert len(database.redis.client_list()) - before <= Settings(concurrency=4).pool_size
        program.process.signal(signal.SIGTERM)
        assert program.wait() == 0
    eventually(lambda: len(database.redis.client_list()) <= before)


def test_a_child_that_leaves_by_the_loop_is_no_second_worker(
    url: str, tmp_path: Path, enqueue: Enqueue
) -> None:
    enqueue("fork_in_a_task", "a")
    with launched("worker", tmp_path, url, settings=SETTINGS) as program:
        eventually(lambda: program.events("child"))
        assert program.events("child")[0][1] == "3"


@pytest.mark.parametrize("function", ["exit_in_a_task", "exit_in_a_callback", "stop_the_loop"])
def test_no_handler_can_end_the_loop(
    url: str, tmp_path: Path, database: Database, enqueue: Enqueue, function: str
) -> None:
    """A task's SystemExit goes to whoever runs the loop, beside the handler that awaits it."""
    enqueue(function, "a")
    with launched("worker", tmp_path, url, settings=SETTINGS) as program:
        eventually(lambda: database.job("a").get("status") in ("RETRYING", "COMPLETED"))
        enqueue("hold", "b")
        program.tell("open")
        eventually(lambda: database.job("b").get("status") == "COMPLETED")
        program.process.signal(signal.SIGTERM)
        assert program.wait() == 0
        assert len(program.events("started")) == 1
