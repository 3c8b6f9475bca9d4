"""A fleet: worker processes under a parent, and all ways in which either can end."""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import patch

import psutil
import pytest

from rrq_ref import Fleet, Settings, StoreError, SyncClient, keys

from .database import Database
from .program import Program, eventually, launched

SETTINGS = {
    "drain_timeout_s": 30, "cleanup_timeout_s": 0.2, "lock_ttl_ms": 60_000, "concurrency": 1,
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
    return launched("fleet", directory, url, **options)


def zombies(program: Program) -> list[psutil.Process]:
    return [child for child in program.workers() if child.status() == psutil.STATUS_ZOMBIE]


def test_a_fleet_has_at_least_one_worker() -> None:
    with pytest.raises(ValueError, match="num_workers is 0"):
        Fleet({}, Settings(), num_workers=0)


def test_every_worker_shows_itself_and_takes_its_key_along(
    url: str, tmp_path: Path, database: Database
) -> None:
    with fleet(tmp_path, url) as program:
        eventually(lambda: len(database.redis.keys(keys.health("*"))) == 2)
        ids = [key.decode().rpartition(":")[2] for key in database.redis.keys(keys.health("*"))]
        pids = {int(re.fullmatch(r"rrq_worker_(\d+)_[0-9a-f]{12}", each)[1]) for each in ids}  # type: ignore[index]
        assert pids == {worker.pid for worker in program.workers()}
        program.process.signal(signal.SIGTERM)
        assert program.wait() == 0
    assert database.redis.keys(keys.health("*")) == []


@pytest.mark.parametrize("whom", ["the parent", "all of them"])
def test_a_signal_is_handed_on_and_the_drain_is_waited_for(
    url: str, tmp_path: Path, database: Database, enqueue: Enqueue, whom: str
) -> None:
    """A terminal signals all processes, and the parent passes its signal on: one wish, not two."""
    enqueue("hold", "a", "b", "c")
    with fleet(tmp_path, url) as program:
        eventually(lambda: len(program.events("began")) == 2)
        if whom == "the parent":
            program.process.signal(signal.SIGTERM)
        else:
            program.process.signal_group(signal.SIGINT)
        eventually(lambda: program.log().count("draining") == 2)
        if whom == "all of them":  # as a service manager after a terminal
            for worker in program.workers():
                worker.send_signal(signal.SIGTERM)
                worker.send_signal(signal.SIGINT)
        assert len(program.workers()) == 2
        program.tell("open")
        assert program.wait() == 0
        assert program.events("cleaned") == []
    done = [job_id for job_id in "abc" if database.job(job_id)["status"] == "COMPLETED"]
    assert len(done) == 2
    assert len(database.queued()) == 1


def test_a_second_signal_skips_the_wait(
    url: str, tmp_path: Path, database: Database, enqueue: Enqueue
) -> None:
    enqueue("hold", "a", "b")
    with fleet(tmp_path, url) as program:
        eventually(lambda: len(program.events("began")) == 2)
        program.process.signal(signal.SIGTERM)
        eventually(lambda: program.log().count("draining") == 2)
        program.process.signal(signal.SIGTERM)
        assert program.wait() == 0
        assert len(program.events("cleaned")) == 2
    assert sorted(database.queued()) == ["a", "b"]


@pytest.mark.parametrize("whom", ["the parent", "all of them"])
def test_a_quit_signal_waits_for_no_job(
    url: str, tmp_path: Path, database: Database, enqueue: Enqueue, whom: str
) -> None:
    enqueue("hold", "a", "b")
    with fleet(tmp_path, url) as program:
        eventually(lambda: len(program.events("began")) == 2)
        if whom == "the parent":
            program.process.signal(signal.SIGQUIT)
        else:
            program.process.signal_group(signal.SIGQUIT)
        assert program.wait() == 0
        assert len(program.events("cleaned")) == 2
    assert sorted(database.queued()) == ["a", "b"]


@pytest.mark.parametrize("whom", ["the parent", "all of them"])
def test_a_signal_reaches_a_worker_that_has_just_been_forked(
    url: str, tmp_path: Path, database: Database, enqueue: Enqueue, whom: str
) -> None:
    """It comes before the worker has handlers. The worker must neither miss nor forward it."""
    enqueue("hold", "a")
    with fleet(tmp_path, url, slow_start=True) as program:
        eventually(lambda: len(program.events("forked")) == 2)
        if whom == "the parent":
            program.process.signal(signal.SIGTERM)
        else:
            program.process.signal_group(signal.SIGTERM)
        program.tell("go")
        assert program.wait() == 0
        assert "killing it" not in program.log()
    assert database.locked() == []


def test_a_killed_worker_is_reaped_and_replaced_and_its_job_done_again(
    url: str, tmp_path: Path, database: Database, enqueue: Enqueue
) -> None:
    enqueue("hold", "a")
    with fleet(tmp_path, url, workers=1) as program:
        eventually(lambda: program.events("began"))
        (first,) = program.workers()
        first.kill()
        eventually(lambda: [w.pid for w in program.workers()] not in ([], [first.pid]))
        assert zombies(program) == []
        assert f"worker {first.pid} left with -9; restarting" in program.log()
        database.expire_lock("a")
        program.tell("open")
        eventually(lambda: database.job("a")["status"] == "COMPLETED")
        assert database.job("a")["crashes"] == "1"
        program.process.signal(signal.SIGTERM)
        assert program.wait() == 0
        # The killed one could not; its key goes with its TTL.
        (key,) = database.redis.keys(keys.health("*"))
        assert str(first.pid) in key.decode()
        assert database.redis.pttl(key) <= Settings().heartbeat_ttl_ms


def test_workers_that_keep_crashing_are_restarted_ever_more_slowly(
    url: str, tmp_path: Path, database: Database, enqueue: Enqueue
) -> None:
    enqueue("leave_with_0", *(f"j{n}" for n in range(5)))
    with fleet(tmp_path, url, workers=1) as program:
        eventually(lambda: program.log().count("restarting in") >= 4)
        delays = [float(each) for each in re.findall(r"restarting in ([\d.]+) s", program.log())]
        for delay, ceiling in zip(delays, [0.1, 0.2, 0.4, 0.8], strict=False):
            assert ceiling / 2 - 0.05 <= delay <= ceiling + 0.05
        assert zombies(program) == []
        program.process.signal(signal.SIGTERM)
        assert program.wait() == 0  # it does not wait for a start that is still to come


def test_a_worker_that_keeps_dying_soon_after_its_start_ends_the_fleet(
    url: str, tmp_path: Path, database: Database, enqueue: Enqueue
) -> None:
    enqueue("hold", "held")
    with fleet(tmp_path, url, settings={"max_early_crashes": 3}) as program:
        eventually(lambda: program.events("began"))
        enqueue("leave_with_0", *(f"j{n}" for n in range(9)))  # by the other one
        eventually(lambda: "giving up" in program.log())
        eventually(lambda: "draining" in program.log())
        program.tell("open")
        assert program.wait() == 1
        assert program.log().count("restarting in") == 2
    # Its neighbour was drained, and not killed.
    assert database.job("held")["status"] == "COMPLETED"
    assert len(database.locked()) == 3


def test_a_worker_that_is_told_to_leave_is_no_crash(
    url: str, tmp_path: Path, database: Database
) -> None:
    with fleet(tmp_path, url, workers=1, settings={"max_early_crashes": 1}) as program:
        for _ in range(2):
            eventually(lambda: database.redis.keys(keys.health("*")))
            (worker,) = program.workers()
            worker.terminate()
            eventually(lambda pid=worker.pid: [w.pid for w in program.workers()] not in ([], [pid]))
        program.process.signal(signal.SIGTERM)
        assert program.wait() == 0


def test_a_worker_is_replaced_after_so_many_jobs_and_without_delay(
    url: str, tmp_path: Path, database: Database, enqueue: Enqueue
) -> None:
    settings = {"max_jobs": 3, "concurrency": 10, "max_early_crashes": 1}
    enqueue("quick", *(f"j{n}" for n in range(31)))
    with fleet(tmp_path, url, workers=1, settings=settings) as program:
        eventually(lambda: len(program.events("began")) == 31)
        pids = Counter(pid for pid, _ in program.events("began"))
        assert sorted(pids.values()) == [1, *[3] * 10]
        assert "restarting in" not in program.log()
        program.process.signal(signal.SIGTERM)
        assert program.wait() == 0
    assert all(database.job(f"j{n}")["status"] == "COMPLETED" for n in range(31))


def test_a_worker_that_is_to_be_replaced_lets_its_jobs_end(
    url: str, tmp_path: Path, database: Database, enqueue: Enqueue
) -> None:
    """They may take as long as they like: a drain's time-out is for those who wait for it."""
    settings = {"max_jobs": 2, "concurrency": 2, "drain_timeout_s": 0}
    enqueue("hold", "a", "b")
    with fleet(tmp_path, url, workers=1, settings=settings) as program:
        eventually(lambda: "leaving when they have ended" in program.log())
        (worker,) = program.workers()
        enqueue("quick", "c")
        program.tell("open")
        eventually(lambda: database.job("c")["status"] == "COMPLETED")
        assert program.events("cleaned") == []
        assert [pid for pid, job_id in program.events("began") if job_id == "c"] != [
            str(worker.pid)
        ]
        program.process.signal(signal.SIGTERM)
        assert program.wait() == 0
    assert [database.job(job_id)["status"] for job_id in "ab"] == ["COMPLETED"] * 2


UNUSABLE = [
    ("{url}9999", "DB index is out of range"),
    ("redis://nobody:wrong@{address}/0", "AuthenticationError"),
]


@pytest.mark.parametrize(("unusable", "says"), UNUSABLE, ids=[says for _, says in UNUSABLE])
def test_a_url_that_can_never_work_is_said_once_and_nobody_is_forked(
    url: str, unusable: str, says: str
) -> None:
    address = url.partition("//")[2].partition("/")[0]
    settings = Settings(redis_url=unusable.format(url=url, address=address))
    with (
        patch("os.fork", lambda: pytest.fail("a worker was forked")),
        pytest.raises(StoreError, match=says),
    ):
        Fleet({}, settings).run()


def test_a_server_that_nobody_has_started_yet_is_waited_for(tmp_path: Path) -> None:
    with fleet(tmp_path, "redis://127.0.0.1:1/0", workers=1) as program:
        eventually(lambda: "claiming failed, 4 times" in program.log())
        assert "restarting" not in program.log()
        program.process.signal(signal.SIGTERM)
        assert program.wait() == 0


def test_a_worker_that_cannot_be_forked_is_tried_again(
    url: str, tmp_path: Path, database: Database
) -> None:
    with fleet(tmp_path, url, fork_fails=2) as program:
        eventually(lambda: len(database.redis.keys(keys.health("*"))) == 2)
        assert program.log().count("could not be forked") == 2
        program.process.signal(signal.SIGTERM)
        assert program.wait() == 0


def test_workers_drain_by_themselves_when_their_parent_is_killed(
    url: str, tmp_path: Path, database: Database, enqueue: Enqueue
) -> None:
    enqueue("hold", "a", "b", "c")
    with fleet(tmp_path, url) as program:
        eventually(lambda: len(program.events("began")) == 2)
        workers = program.workers()
        program.process.kill()
        eventually(lambda: program.log().count("draining") == 2)
        program.tell("open")
        eventually(lambda: not any(_lives(worker) for worker in workers))
    done = [job_id for job_id in "abc" if database.job(job_id)["status"] == "COMPLETED"]
    assert len(done) == 2
    assert (len(database.queued()), database.locked()) == (1, [])
    assert database.redis.keys(keys.health("*")) == []


def _lives(process: psutil.Process) -> bool:
    """True if it lives. The process that inherits an orphan may be slow to reap it."""
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE


def test_a_worker_that_outstays_its_drain_is_killed(
    url: str, tmp_path: Path, database: Database, enqueue: Enqueue
) -> None:
    settings = {"drain_timeout_s": 0, "cleanup_timeout_s": 0, "command_timeout_ms": 50}
    with fleet(tmp_path, url, workers=1, settings=settings) as program:
        eventually(lambda: database.redis.keys(keys.health("*")))
        (worker,) = program.workers()
        worker.suspend()
        program.process.signal(signal.SIGTERM)
        assert program.wait() == 1
        assert f"worker {worker.pid} outstayed its drain; killing it" in program.log()
        assert not worker.is_running()


def _in_own_pid_namespace() -> tuple[str, ...] | None:
    unshare = shutil.which("unshare")
    for options in ((), ("--user", "--map-root-user")):
        words = (unshare or "unshare", *options, "--pid", "--fork", "--kill-child")
        if unshare and subprocess.run([*words, "true"], capture_output=True).returncode == 0:
            return words
    return None


def test_a_fleet_may_be_process_1(
    url: str, tmp_path: Path, database: Database, enqueue: Enqueue
) -> None:
    """As process 1 it ignores signals without a handler, and reaps the orphans of others."""
    prefix = _in_own_pid_namespace()
    if prefix is None:
        pytest.skip("no new PID namespace may be made here (unshare --pid)")
    enqueue("hold", "a")
    with fleet(tmp_path, url, workers=1, prefix=prefix) as program:
        eventually(lambda: program.events("began"))
        (parent,) = program.workers()  # of unshare
        assert "NSpid:" in (status := Path(f"/proc/{parent.pid}/status").read_text())
        assert re.search(r"^NSpid:.*\t1$", status, re.MULTILINE)
        parent.send_signal(signal.SIGTERM)
        eventually(lambda: "draining" in program.log())
        program.tell("open")
        assert program.wait() == 0
    assert database.job("a")["status"] == "COMPLETED"
