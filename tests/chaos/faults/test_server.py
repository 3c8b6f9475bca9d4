"""Every fault of the server does to a real server what its name says, and undoes it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psutil
import pytest
import redis

from chaos.faults import FAULTS
from chaos.history import Event
from chaos.rig.redis import RunServer
from chaos.servers import Durability, Server, open_server


class Run:
    """A server, and what is noted of it."""

    def __init__(self, server: Server, durability: Durability = "none") -> None:
        self.server = server
        self.notes: list[Any] = []
        self.steps: list[float] = []
        self.site = RunServer(server, durability, self, self._note)  # type: ignore[arg-type]

    def _note(self, event: Event, /, *, t: int | None = None, process: str | None = None) -> None:
        assert event.word is not None
        self.notes.append(event.word[1])

    def step(self, seconds: float) -> None:
        """As a `ServerClock`."""
        self.steps.append(seconds)

    def during(self, name: str, **parameters: Any) -> Any:
        kind = FAULTS.server(name)
        assert kind.during is not None
        return kind.during(self.site, **parameters)

    def once(self, name: str, **parameters: Any) -> int | None:
        kind = FAULTS.server(name)
        assert kind.once is not None
        return kind.once(self.site, **parameters)

    def ask(self, *words: str, timeout_s: float = 1.0) -> Any:
        with closing(self.server.client(timeout_s=timeout_s)) as client:
            any_client: Any = client
            return any_client.execute_command(*words)


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    with open_server("embedded", tmp_path) as server:
        yield Run(server)


def test_stop(run: Run) -> None:
    with run.during("server-stop"):
        assert run.notes == ["down"]
        with pytest.raises(redis.ConnectionError):
            run.ask("PING")
    assert run.ask("PING")
    assert run.notes == ["down", "up"]


def test_kill(run: Run) -> None:
    run.ask("SET", "a", "1")
    with run.during("server-kill"), pytest.raises(redis.ConnectionError):
        run.ask("PING")
    assert run.ask("GET", "a") is None
    assert run.notes == ["down", "up"]


def test_a_kill_goes_into_the_history_by_what_the_server_can_forget(run: Run) -> None:
    for durability, name in (("everysec", "server-kill"), ("always", "server-kill-durable")):
        site = Run(run.server, durability).site  # type: ignore[arg-type]
        forms = [FAULTS.server(each).form for each in ("server-kill", "server-kill-durable")]
        assert [form and form(site, {}) for form in forms] == [name, name]


def test_failover(run: Run) -> None:
    def take_over() -> None:
        with pytest.raises(redis.ConnectionError):
            run.ask("PING")
        run.notes.append("another takes over")
        run.server.start()

    run.once("server-failover", take_over=take_over)
    assert run.notes == ["down", "another takes over", "up"]


def test_pause(run: Run) -> None:
    with run.during("server-pause"), pytest.raises(redis.TimeoutError):
        run.ask("PING", timeout_s=0.2)
    assert run.ask("PING")


def test_delay(run: Run) -> None:
    begun = time.monotonic()
    run.once("server-delay", seconds=0.2)
    assert time.monotonic() - begun >= 0.2


def test_clock(run: Run) -> None:
    with run.during("server-clock", seconds=-2.0):
        assert run.steps == [-2.0]
    assert run.steps == [-2.0]


def test_fill(run: Run) -> None:
    with run.during("server-fill"), pytest.raises(redis.exceptions.OutOfMemoryError):
        run.ask("SET", "a", "1")
    assert run.ask("SET", "a", "1")


def test_no_command_runs_between_the_note_of_a_step_and_the_step(run: Run) -> None:
    kind = FAULTS.server("server-clock")
    assert kind.before is not None
    kind.before(run.site)
    assert psutil.Process(run.server.pid).status() == psutil.STATUS_STOPPED
    with run.during("server-clock", seconds=1.0):
        assert run.ask("PING")
    assert run.steps == [1.0]


def test_evict(run: Run) -> None:
    run.ask("MSET", *(word for n in range(2000) for word in (f"k{n}", "x" * 1000)))
    with run.during("server-evict", policy="allkeys-lru", kept=0.5):
        run.ask("SET", "a", "1")
        assert run.ask("DBSIZE") < 2000
    assert run.ask("CONFIG GET", "maxmemory") == {"maxmemory": "0"}


@pytest.mark.parametrize(
    ("policy", "name"),
    [
        ("noeviction", "server-fill"),
        ("volatile-lru", "server-fill"),
        ("allkeys-lru", "server-evict"),
    ],
)
def test_a_server_that_throws_all_keys_away_goes_into_the_history_as_such(
    run: Run, policy: str, name: str
) -> None:
    form = FAULTS.server("server-fill").form
    assert form is not None
    assert form(run.site, {"policy": policy}) == name


@pytest.mark.parametrize("reason", ["replica", "alone"])
def test_readonly(run: Run, reason: str) -> None:
    refused = {"replica": "read only replica", "alone": "NOREPLICAS"}[reason]
    with (
        run.during("server-readonly", reason=reason),
        pytest.raises(redis.ResponseError, match=refused),
    ):
        run.ask("SET", "a", "1")
    assert run.ask("SET", "a", "1")


def test_crowd(run: Run) -> None:
    with run.during("server-crowd"), pytest.raises(redis.ConnectionError):
        run.ask("PING")
    assert run.ask("PING")


def test_scripts(run: Run) -> None:
    sha = run.ask("SCRIPT LOAD", "return 1")
    run.once("server-scripts")
    with pytest.raises(redis.exceptions.NoScriptError):
        run.ask("EVALSHA", sha, "0")


def test_clients(run: Run) -> None:
    with closing(run.server.client()) as one, closing(run.server.client()) as other:
        numbers = [client.client_id() for client in (one, other)]
        assert run.once("server-clients") == 2
        assert [client.client_id() > max(numbers) for client in (one, other)] == [True, True]
