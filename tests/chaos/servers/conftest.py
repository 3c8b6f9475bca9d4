"""The two lines of servers that the rig is tested against, and peers that are no servers."""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.releases import redis_62

Listener = Callable[[bytes], int]


@pytest.fixture(params=["embedded", "redis-6.2"])
def spec(request: pytest.FixtureRequest) -> str:
    """A server to start: Valkey from the rig's own package, and Redis 6.2."""
    if request.param == "embedded":
        return "embedded"
    return f"local:{redis_62()}"


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A directory with a blank and a quote in its name, which a config file must survive."""
    return tmp_path / 'a "server" here'


@pytest.fixture
def listener() -> Iterator[Listener]:
    """Listeners on 127.0.0.1 that say `answer` to whatever they hear; nothing if it is empty."""
    with contextlib.ExitStack() as stack:

        def listen(answer: bytes) -> int:
            server = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
            thread = threading.Thread(target=_answer_all, args=(server, answer), daemon=True)
            thread.start()
            stack.callback(thread.join, 10)
            # Wakes the thread out of accept(); closing alone would not.
            stack.callback(server.shutdown, socket.SHUT_RDWR)
            port: int = server.getsockname()[1]
            return port

        yield listen


def _answer_all(server: socket.socket, answer: bytes) -> None:
    with contextlib.ExitStack() as stack:
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            stack.enter_context(connection)
            if answer:
                connection.recv(64)
                connection.sendall(answer)
