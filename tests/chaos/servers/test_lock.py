"""Two rigs on one database refuse each other, and one that has died is in nobody's way for long."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from chaos.processes import wait_until
from chaos.servers import DatabaseLock, Server, ServerProblem, at_database, open_server
from chaos.servers.lock import KEY

TTL_S = 0.6

HOLDER = """
import sys, time
from pathlib import Path
from chaos.processes import on_signals
from chaos.servers import open_server

with on_signals(), open_server(sys.argv[1], Path(sys.argv[2])):
    print("locked", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Server]:
    with open_server("embedded", tmp_path / "server") as server:
        yield server


def test_a_second_rig_is_refused_until_the_first_has_left(running: Server, tmp_path: Path) -> None:
    with open_server(running.url, tmp_path):
        with pytest.raises(ServerProblem, match="another rig is at work on the database at"):
            open_server(running.url, tmp_path).start()
        with open_server(at_database(running.url, 1), tmp_path):
            pass  # another database is nobody's
    with running.client() as client:
        assert client.dbsize() == 0
    with open_server(running.url, tmp_path):
        pass


def test_a_database_with_keys_is_refused_and_left_unlocked(running: Server, tmp_path: Path) -> None:
    with running.client() as client:
        client.set("theirs", "1")
        with pytest.raises(ServerProblem, match="holds 1 keys"), open_server(running.url, tmp_path):
            pass
        assert client.keys() == [b"theirs"]


def test_a_lock_is_renewed_as_long_as_its_rig_lives(running: Server) -> None:
    first, second = DatabaseLock(running.url, ttl_s=TTL_S), DatabaseLock(running.url)
    first.acquire()
    with running.client() as client:
        client.flushall()  # as a target may that cleans up
        assert wait_until(lambda: client.exists(KEY) == 1, 5.0)
        client.pexpire(KEY, 50)
        assert wait_until(lambda: client.pttl(KEY) > 100, 5.0)
    with pytest.raises(ServerProblem):
        second.acquire()
    first.release()
    second.acquire()
    second.release()


def test_a_rig_that_was_overtaken_knows_it(running: Server) -> None:
    lock = DatabaseLock(running.url, ttl_s=TTL_S)
    lock.acquire()
    with running.client() as client:
        client.set(KEY, "somebody else")
        assert wait_until(lambda: lock.taken, 5.0)
        lock.release()
        assert client.get(KEY) == b"somebody else"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_a_rig_that_ends_in_any_way_leaves_no_lock_for_long(
    running: Server, tmp_path: Path, number: signal.Signals
) -> None:
    words = [sys.executable, "-c", HOLDER, running.url, str(tmp_path)]
    with subprocess.Popen(words, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"locked\n"
        with running.client() as client:
            assert client.exists(KEY)
            holder.send_signal(number)
            holder.wait(20)
            if number == signal.SIGKILL:
                client.pexpire(KEY, 100)  # what the time to live would do later
            assert wait_until(lambda: not client.exists(KEY), 5.0)
