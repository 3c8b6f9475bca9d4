"""A burst fleet: 0 means that nothing is left, whatever happened to its workers."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rrq_ref import Settings, SyncClient

from .database import Database
from .program import eventually, launched

SETTINGS = {
    "drain_timeout_s": 0, "cleanup_timeout_s": 0.1, "lock_ttl_ms": 60_000, "concurrency": 1,
    "poll_min_ms": 5, "poll_max_ms": 20,
}  # fmt: skip

Enqueue = Callable[..., None]


@pytest.fixture
def enqueue(url: str) -> Enqueue:
    def enqueue(function: str, *job_ids: str) -> None:
        with SyncClient(Settings(redis_url=url)) as client:
            for job_id in job_ids:
                client.enqueue(function, job_id=job_id)

    return enqueue


def fleet(directory: Path, url: str, **options: Any) -> Any:
    options["settings"] = {**SETTINGS, **options.get("settings", {})}
    return launched("fleet", directory, url, burst=True, **options)


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize(("function", "code"), [("die_once", -9), ("leave_with_0", 0)])
def test_a_worker_that_crashes_is_restarted_until_all_is_done(
    url: str, tmp_path: Path, database: Database, enqueue: Enqueue,
    function: str, code: int, workers: int,
) -> None:  # fmt: skip
    """Only the dead worker's lock shows that work is left, whatever its exit code was."""
    enqueue(function, "a")
    with fleet(tmp_path, url, workers=workers) as program:
        eventually(lambda: f"left with {code}; restarting" in program.log())
        database.expire_lock("a")
        assert program.wait() == 0
        assert [job_id for _, job_id in program.events("began")] == ["a", "a"]
    assert database.job("a")["status"] == "COMPLETED"


@pytest.mark.parametrize("function", ["refuse", "refuse_in_thread", "hold"])
def test_a_worker_that_is_told_to_leave_is_restarted_too(
    url: str, tmp_path: Path, database: Database, enqueue: Enqueue, function: str
) -> None:
    """It leaves with 0. Its jobs are handed back, or stay locked until their locks expire."""
    enqueue(function, "a")
    with fleet(tmp_path, url, workers=1) as program:
        eventually(lambda: program.events("began"))
        (worker,) = program.workers()
        worker.terminate()
        eventually(lambda: "left with 0; restarting" in program.log())
        if function == "hold":
            program.tell("open")
        else:
            assert database.locked() == ["a"]
            database.redis.hset("rrq:job:a", "function_name", "quick")
            database.expire_lock("a")
        assert program.wait() == 0
    assert (database.queued(), database.locked()) == ([], [])


def test_a_fleet_that_is_drained_before_all_is_done_says_so(
    url: str, tmp_path: Path, database: Database, enqueue: Enqueue
) -> None:
    enqueue("refuse", "a")
    with fleet(tmp_path, url) as program:
        eventually(lambda: program.events("began"))
        program.process.signal(signal.SIGTERM)
        assert program.wait() == 1
        assert "left before all was done" in program.log()
    assert database.locked() == ["a"]


def test_a_fleet_gives_up_on_a_crash_loop(
    url: str, tmp_path: Path, database: Database, enqueue: Enqueue
) -> None:
    enqueue("leave_with_0", *(f"j{n}" for n in range(4)))
    with fleet(tmp_path, url, workers=1, settings={"max_early_crashes": 3}) as program:
        assert program.wait() == 1
        assert "giving up" in program.log()
    assert len(database.locked()) == 3


def test_a_worker_that_is_replaced_after_so_many_jobs_is_not_the_end(
    url: str, tmp_path: Path, database: Database, enqueue: Enqueue
) -> None:
    enqueue("quick", *(f"j{n}" for n in range(10)))
    with fleet(tmp_path, url, settings={"max_jobs": 2}) as program:
        assert program.wait() == 0
        assert len({pid for pid, _ in program.events("began")}) >= 5
    assert (database.queued(), database.locked()) == ([], [])
