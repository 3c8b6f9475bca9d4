"""A fleet replaces workers whose loop does not turn, but none on a starved machine."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import psutil
import pytest

from rrq_ref import Settings, SyncClient, keys
from rrq_ref.cpus import waited_for_cpu_s

from .database import Database
from .program import Program, eventually, launched

LIMIT_S = 2
SETTINGS = {
    "drain_timeout_s": 30, "cleanup_timeout_s": 0.2, "lock_ttl_ms": 60_000, "hung_after_s": LIMIT_S,
}  # fmt: skip

Enqueue = Callable[..., None]


@pytest.fixture
def enqueue(url: str) -> Enqueue:
    def enqueue(function: str, job_id: str, *args: Any) -> None:
        with SyncClient(Settings(redis_url=url)) as client:
            client.enqueue(function, *args, job_id=job_id)

    return enqueue


def fleet(directory: Path, url: str, **options: Any) -> Any:
    options["settings"] = {**SETTINGS, **options.get("settings", {})}
    return launched("fleet", directory, url, **{"workers": 1, **options})


def replaced(program: Program, worker: psutil.Process) -> None:
    text = f"worker {worker.pid} left with -9; restarting"
    eventually(lambda: text in program.log())
    assert f"the loop of worker {worker.pid} has not turned" in program.log()


def test_a_worker_that_was_stopped_is_replaced_and_its_job_done_again(
    url: str, tmp_path: Path, database: Database, enqueue: Enqueue
) -> None:
    enqueue("hold", "a")
    with fleet(tmp_path, url) as program:
        eventually(lambda: program.events("began"))
        (worker,) = program.workers()
        worker.suspend()
        replaced(program, worker)
        assert database.locked() == ["a"]  # it is left to expire
        database.expire_lock("a")
        program.tell("open")
        eventually(lambda: database.job("a")["status"] == "COMPLETED")
        program.process.signal(signal.SIGTERM)
        assert program.wait() == 0


@pytest.mark.parametrize("how", ["block", "compute"])
def test_a_worker_whose_loop_is_blocked_is_replaced(
    url: str, tmp_path: Path, database: Database, enqueue: Enqueue, how: str
) -> None:
    enqueue(how, "a", 60)
    with fleet(tmp_path, url) as program:
        eventually(lambda: program.events("began"))
        (worker,) = program.workers()
        replaced(program, worker)
        assert database.locked() == ["a"]
        program.process.kill()


def test_jobs_that_let_the_loop_turn_may_take_longer_than_the_limit(
    url: str, tmp_path: Path, database: Database, enqueue: Enqueue
) -> None:
    enqueue("hold", "a")
    enqueue("refuse_in_thread", "b")
    with fleet(tmp_path, url) as program:
        eventually(lambda: len(program.events("began")) == 2)
        began = time.monotonic()
        eventually(lambda: time.monotonic() - began > 1.5 * LIMIT_S)
        program.tell("open")
        eventually(lambda: database.job("a")["status"] == "COMPLETED")
        assert "killing it" not in program.log()
        program.process.kill()


def test_a_worker_that_falls_silent_for_less_than_the_limit_is_left_in_peace(
    url: str, tmp_path: Path, database: Database
) -> None:
    """Where the machine is so busy that the silence lasts longer than it should, it comes again."""
    eventually(lambda: silent_for_less_than_the_limit(url, Path(mkdtemp(dir=tmp_path)), database))


def silent_for_less_than_the_limit(url: str, directory: Path, database: Database) -> bool:
    """Its last word comes at the end of one of the parent's turns, each of which touches a file.
    False if nothing can be said, because the silence was too long."""
    turns = directory / "alive"
    database.redis.flushdb()

    def turned() -> None:
        before = turns.stat().st_mtime_ns
        eventually(lambda: turns.stat().st_mtime_ns != before)

    with fleet(directory, url, settings={"alive_file": str(turns)}) as program:
        eventually(lambda: database.redis.keys(keys.health("*")))
        (worker,) = program.workers()
        turned()
        began = time.monotonic()
        eventually(lambda: time.monotonic() - began > 0.8)
        stopped = time.monotonic()
        worker.suspend()
        eventually(lambda: time.monotonic() - began > 0.8 + 0.75 * LIMIT_S)
        program.process.signal(signal.SIGCHLD)  # so that it takes a turn
        turned()
        with suppress(psutil.NoSuchProcess):
            worker.resume()
        if time.monotonic() - stopped > 0.85 * LIMIT_S:
            program.process.kill()
            return False
        turned()
        assert "killing it" not in program.log()
        program.process.signal(signal.SIGTERM)
        assert program.wait() == 0
    return True


def test_without_a_limit_nobody_is_replaced(
    url: str, tmp_path: Path, database: Database, enqueue: Enqueue
) -> None:
    with fleet(tmp_path, url, settings={"hung_after_s": 0}) as program:
        eventually(lambda: database.redis.keys(keys.health("*")))
        (worker,) = program.workers()
        worker.suspend()
        began = time.monotonic()
        eventually(lambda: time.monotonic() - began > 2 * LIMIT_S)
        assert worker.is_running()
        worker.resume()
        program.process.signal(signal.SIGTERM)
        assert program.wait() == 0


def test_a_machine_that_stood_still_kills_nobody(
    url: str, tmp_path: Path, database: Database, enqueue: Enqueue
) -> None:
    """Parent and workers stop, and the parent goes on first."""
    with fleet(tmp_path, url) as program:
        eventually(lambda: database.redis.keys(keys.health("*")))
        (worker,) = program.workers()
        worker.suspend()
        program.process.pause()
        began = time.monotonic()
        eventually(lambda: time.monotonic() - began > 2 * LIMIT_S)
        program.process.resume()
        eventually(lambda: time.monotonic() - began > 2.5 * LIMIT_S)
        worker.resume()
        enqueue("quick", "a")
        eventually(lambda: database.job("a")["status"] == "COMPLETED")
        assert "killing it" not in program.log()
        program.process.signal(signal.SIGTERM)
        assert program.wait() == 0


@pytest.mark.slow
@pytest.mark.skipif(not waited_for_cpu_s(os.getpid()), reason="this kernel counts no waiting")
def test_a_starved_machine_kills_nobody(
    url: str, tmp_path: Path, database: Database, enqueue: Enqueue
) -> None:
    """Other processes want the whole of the one CPU, and the fleet comes last. Its worker's loop
    does not turn for far longer than the limit, though it has hardly anything to do."""
    enqueue("compute", "a", 0.05)
    with fleet(tmp_path, url, starved=True) as program:
        eventually(lambda: program.events("began"), 120)
        began = time.monotonic()
        eventually(lambda: program.events("computed"), 120)
        assert time.monotonic() - began > 1.5 * LIMIT_S
        assert "killing it" not in program.log()
        assert len(program.events("began")) == 1
        program.process.kill()


@pytest.mark.parametrize("kind", ["worker", "fleet"])
def test_a_probe_sees_that_a_loop_turns_without_asking_redis(tmp_path: Path, kind: str) -> None:
    alive = tmp_path / "alive"
    settings = {"alive_file": str(alive)}
    with launched(kind, tmp_path, "redis://127.0.0.1:1/0", workers=1, settings=settings) as program:
        eventually(alive.exists)
        os.utime(alive, (0, 0))
        eventually(lambda: alive.stat().st_mtime > 0)
        alive.unlink()  # by somebody who tidies up
        eventually(alive.exists)
        program.process.pause()
        os.utime(alive, (0, 0))
        began = time.monotonic()
        eventually(lambda: time.monotonic() - began > 2)
        assert alive.stat().st_mtime == 0


@pytest.mark.parametrize("kind", ["worker", "fleet"])
def test_a_file_that_cannot_be_touched_is_said_at_once(url: str, tmp_path: Path, kind: str) -> None:
    settings = {"alive_file": str(tmp_path / "nosuch" / "alive")}
    with launched(kind, tmp_path, url, settings=settings) as program:
        assert program.wait() == 1
        assert "alive_file is" in program.log()
