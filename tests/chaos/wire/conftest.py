"""A real server, a proxy before it, and victims behind it."""

import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import redis

from chaos.faults import Injection, Side, WireFault, command
from chaos.history import Event
from chaos.processes import Process, ProcessGroup
from chaos.servers import Server, open_server
from chaos.wire import Exchange, WireProxy

TIMEOUT_S = 20.0
VICTIM = Path(__file__).with_name("victim.py")


def eventually(holds: Callable[[], bool], timeout_s: float = TIMEOUT_S) -> None:
    """Wait for a condition, and fail if that takes too long."""
    deadline = time.monotonic() + timeout_s
    while not holds():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.002)


class Events:
    """The history, in memory."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._all: list[dict[str, Any]] = []

    def record(self, event: Event, /, *, t: int | None = None, process: str | None = None) -> None:
        del t, process
        with self._lock:
            self._all.append({"t": time.monotonic_ns(), **event.to_json()})

    def of(self, event: str, type: str = "fault") -> list[dict[str, Any]]:
        with self._lock:
            return [e for e in self._all if e["event"] == event and e["type"] == type]


@dataclass
class Victim:
    """A process of ours, and what it has said."""

    process: Process

    def said(self, word: str) -> list[list[str]]:
        # A fault may strike in the middle of a line: what does not end has not been said.
        *lines, _ = self.process.log.read_text().split("\n")
        return [line.split()[1:] for line in lines if line.split()[:1] == [word]]

    @property
    def saw(self) -> list[int]:
        return [int(line[0]) for line in self.said("saw")]

    def finish(self) -> None:
        self.process.wait(TIMEOUT_S)
        assert self.said("done") == [[]], self.process.log.read_text()
        first, last = self.said("id")
        assert first == last, "it had to connect again"


@dataclass
class Bench:
    """Everything that a test needs, in one place."""

    server: Server
    proxy: WireProxy
    events: Events
    group: ProcessGroup
    directory: Path
    exchanges: list[Exchange] = field(default_factory=list)

    def start(self, *last: str, count: int = 10, name: str = "victim") -> Victim:
        """Start a victim that counts up to `count` through the proxy."""
        argv = [sys.executable, str(VICTIM), self.proxy.listen(name), str(count), *last]
        process = self.group.spawn(argv, log=self.directory / f"{name}.log")
        self.proxy.attach(name, process)
        return Victim(process)

    def fault(self, action: str, side: Side, **more: Any) -> Injection:
        """Plan a fault for the victim's fifth INCRBY (which is what redis-py sends)."""
        settings = {"id": "f", "process": "victim", "match": command("incrby"), "nth": 5, **more}
        return self.proxy.plan(WireFault(action=action, side=side, **settings))

    @property
    def counted(self) -> int:
        """The server's count, read without the proxy."""
        with self.server.client() as client:
            return int(client.get("n") or 0)

    def server_clients(self, last_command: str) -> list[str]:
        """The server's connections whose last command was this one."""
        with self.server.client() as client:
            return [c["id"] for c in client.client_list() if c["cmd"] == last_command]

    def client(self, name: str = "client", **options: Any) -> redis.Redis:
        """A client in this process, behind the proxy."""
        return redis.Redis.from_url(self.proxy.listen(name), **options)


@pytest.fixture(scope="session")
def shared_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with open_server("embedded", tmp_path_factory.mktemp("server")) as server:
        yield server


@pytest.fixture
def server(shared_server: Server) -> Server:
    with shared_server.client() as client:
        client.flushall()
    return shared_server


@pytest.fixture
def bench(server: Server, tmp_path: Path) -> Iterator[Bench]:
    events, exchanges = Events(), list[Exchange]()
    with ProcessGroup() as group, WireProxy(server.url, events.record, exchanges.append) as proxy:
        yield Bench(server, proxy, events, group, tmp_path, exchanges)
