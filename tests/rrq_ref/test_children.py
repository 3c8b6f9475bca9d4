"""Child processes of handlers: their signals stay theirs, and they cannot reach their worker."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from rrq_ref import Settings, SyncClient

from .database import Database
from .program import Program, eventually, launched

SETTINGS = {"drain_timeout_s": 30, "cleanup_timeout_s": 0.2, "lock_ttl_ms": 60_000}
WAYS = ["fork", "spawn", "forkserver", "subprocess", "subprocess with preexec_fn"]

Enqueue = Callable[..., None]


@pytest.fixture
def enqueue(url: str) -> Enqueue:
    def enqueue(function: str, job_id: str, *args: Any) -> None:
        with SyncClient(Settings(redis_url=url)) as client:
            client.enqueue(function, *args, job_id=job_id, max_retries=1)

    return enqueue


@contextmanager
def worker(directory: Path, url: str, kind: str = "worker", **options: Any) -> Iterator[Program]:
    settings = {**SETTINGS, **options.pop("settings", {})}
    with launched(kind, directory, url, settings=settings, **options) as program:
        yield program


def works_and_drains(program: Program, database: Database, enqueue: Enqueue) -> None:
    """Show that the worker has not been drained so far, and that it can be."""
    assert "draining" not in program.log()
    enqueue("quick", "one more")
    eventually(lambda: database.job("one more")["status"] == "COMPLETED")
    program.process.signal(signal.SIGTERM)
    assert program.wait() == 0


@pytest.mark.parametrize("kind", ["worker", "fleet"])
@pytest.mark.parametrize("how", [*WAYS, "asyncio"])
def test_a_signal_to_a_handlers_child_ends_it_and_nobody_else(
    url: str, tmp_path: Path, database: Database, enqueue: Enqueue, how: str, kind: str
) -> None:
    enqueue("child", "a", how)
    with worker(tmp_path, url, kind, workers=1) as program:
        eventually(lambda: program.events("child"))
        os.kill(int(program.events("child")[0][0]), signal.SIGTERM)
        eventually(lambda: database.job("a")["status"] == "COMPLETED")
        assert database.job("a")["result"] == str(-signal.SIGTERM)
        works_and_drains(program, database, enqueue)


@pytest.mark.parametrize("how", WAYS)
def test_so_it_is_with_a_child_of_a_handlers_thread(
    url: str, tmp_path: Path, database: Database, enqueue: Enqueue, how: str
) -> None:
    enqueue("child_of_a_thread", "a", how)
    with worker(tmp_path, url) as program:
        eventually(lambda: program.events("child"))
        os.kill(int(program.events("child")[0][0]), signal.SIGTERM)
        eventually(lambda: database.job("a")["status"] == "COMPLETED")
        assert database.job("a")["result"] == str(-signal.SIGTERM)
        works_and_drains(program, database, enqueue)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGCHLD])
def test_other_signals_do_in_a_child_what_they_do_in_any_process(
    url: str, tmp_path: Path, database: Database, enqueue: Enqueue, number: int
) -> None:
    enqueue("child", "a", "fork")
    with worker(tmp_path, url, "fleet", workers=1) as program:
        eventually(lambda: program.events("child"))
        child = psutil.Process(int(program.events("child")[0][0]))
        child.send_signal(number)
        if number == signal.SIGCHLD:  # is ignored
            child.send_signal(signal.SIGTERM)
        eventually(lambda: database.job("a")["status"] == "COMPLETED")
        code = int(database.job("a")["result"])
        if number == signal.SIGINT:
            # Python makes an exception of it, once it is ready to, and that is an exit code here.
            assert code in (1, -signal.SIGINT)
        else:
            assert code == (-signal.SIGTERM if number == signal.SIGCHLD else -number)
        works_and_drains(program, database, enqueue)


@pytest.mark.parametrize("function", ["short_lives", "short_lives_of_a_thread"])
def test_a_signal_may_come_before_the_child_has_taken_its_first_step(
    url: str, tmp_path: Path, database: Database, enqueue: Enqueue, function: str
) -> None:
    enqueue(function, "a")
    with worker(tmp_path, url) as program:
        eventually(lambda: database.job("a")["status"] == "COMPLETED")
        assert json.loads(database.job("a")["result"]) == [-signal.SIGTERM] * 100
        works_and_drains(program, database, enqueue)


@pytest.mark.parametrize(
    ("how", "code"), [("returns", 0), ("exits", 3), ("fails", 1), ("awaits", 1)]
)
@pytest.mark.parametrize("function", ["stray", "stray_of_a_thread"])
def test_a_child_that_leaves_the_handler_ends_there(
    url: str,
    tmp_path: Path,
    database: Database,
    enqueue: Enqueue,
    function: str,
    how: str,
    code: int,
) -> None:
    """Otherwise it would go on as a second worker, with the same locks and connections."""
    if (function, how) == ("stray_of_a_thread", "awaits"):
        pytest.skip("a plain function cannot await")
    enqueue(function, "a", how)
    with worker(tmp_path, url) as program:
        eventually(lambda: database.job("a")["status"] == "COMPLETED")
        assert database.job("a")["result"] == str(code)
        assert psutil.Process(program.process.pid).children() == []
        works_and_drains(program, database, enqueue)


def test_a_childs_child_has_what_the_child_has_made_of_itself(
    url: str, tmp_path: Path, database: Database, enqueue: Enqueue
) -> None:
    enqueue("grandchild", "a")
    with worker(tmp_path, url) as program:
        eventually(lambda: database.job("a")["status"] == "COMPLETED")
        assert database.job("a")["result"] == "42"
        works_and_drains(program, database, enqueue)


def test_what_was_printed_before_a_fork_is_printed_once(
    url: str, tmp_path: Path, database: Database, enqueue: Enqueue
) -> None:
    enqueue("speak_and_fork", "a")
    with worker(tmp_path, url, "fleet", speaks=True) as program:
        eventually(lambda: database.job("a")["status"] == "COMPLETED")
        assert "said once by the parent" in program.log()  # not only when it leaves
        works_and_drains(program, database, enqueue)
        assert program.log().count("said once by the parent") == 1
        assert program.log().count("said before a") == 1
        assert program.log().count("said by the child of a") == 1


@pytest.mark.parametrize("stranger_is", ["ended", "alive"])
def test_another_child_of_the_parents_is_none_of_the_fleets(
    url: str, tmp_path: Path, database: Database, enqueue: Enqueue, stranger_is: str
) -> None:
    """A thread beside the fleet forks it, so it would hold the pipe's end that says leave."""
    with worker(tmp_path, url, "fleet", stranger=True) as program:
        eventually(lambda: program.events("stranger"))
        stranger = psutil.Process(int(program.events("stranger")[0][0]))
        eventually(lambda: len(database.redis.keys("rrq:health:*")) == 2)
        if stranger_is == "ended":
            stranger.terminate()
            eventually(lambda: not stranger.is_running())
            works_and_drains(program, database, enqueue)
        else:
            program.process.kill()
            eventually(lambda: not database.redis.keys("rrq:health:*"))
            assert stranger.is_running()
