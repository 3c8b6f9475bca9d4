"""Servers that the rig does not run, and the ways in which they can be unusable."""

import re
import socket
import socketserver
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis

from chaos.servers import Server, ServerProblem, mask, open_server
from chaos.servers.client import connect
from chaos.servers.ports import free_port
from tests.chaos.servers.conftest import Listener


@pytest.fixture
def running(spec: str, directory: Path) -> Iterator[Server]:
    with open_server(spec, directory) as server:
        yield server


@pytest.fixture
def guarded(spec: str, directory: Path) -> Iterator[Server]:
    with open_server(spec, directory, config={"requirepass": "s3cret"}) as server:
        yield server


def problem(url: str, directory: Path) -> str:
    """The sentence with which opening the URL fails."""
    with pytest.raises(ServerProblem) as caught, open_server(url, directory):
        pass
    sentence = str(caught.value)
    assert "\n" not in sentence
    return sentence


def test_an_empty_database_is_used_as_it_is(running: Server, directory: Path) -> None:
    with open_server(running.url, directory) as server:
        assert server.url == running.url
        assert server.version == running.version
        assert server.pid is None
        assert server.log is None
        server.wait_ready()
    running.wait_ready(1)  # Closing has left it alone.


def test_a_server_of_somebody_else_cannot_be_signalled(running: Server, directory: Path) -> None:
    with open_server(running.url, directory) as server:
        assert not server.controllable
        for action in (server.stop, server.kill, server.pause, server.resume, server.restart):
            with pytest.raises(ServerProblem, match="was not started by the rig"):
                action()


def test_a_database_that_holds_keys_is_refused(running: Server, directory: Path) -> None:
    with running.client() as client:
        client.mset({"one": 1, "two": 2})
        client.execute_command("SELECT", 15)
        client.set("three", 3)
    sentence = problem(running.url, directory)
    assert "database 0 at redis://" in sentence
    assert "holds 2 keys; give an empty one, for example …/14" in sentence
    open_server(running.url[:-1] + "14", directory).start()


def test_a_database_that_does_not_exist_is_refused(running: Server, directory: Path) -> None:
    assert "no database of that number" in problem(running.url[:-1] + "99", directory)


def test_a_wrong_password_is_told_and_not_shown(guarded: Server, directory: Path) -> None:
    sentence = problem(guarded.url.replace("s3cret", "wr0ng"), directory)
    assert "WRONGPASS" in sentence
    assert "wr0ng" not in sentence


def test_a_missing_password_is_told(guarded: Server, directory: Path) -> None:
    assert "NOAUTH" in problem(guarded.url.replace(":s3cret@", ""), directory)


def test_a_needless_password_is_told(spec: str, directory: Path) -> None:
    with open_server(spec, directory, config={"requirepass": ""}) as open_to_all:
        sentence = problem(open_to_all.url.replace("//", "//:needless@"), directory)
    assert "has no password, but the URL gives one" in sentence
    assert "needless" not in sentence


def test_the_right_password_works(guarded: Server, directory: Path) -> None:
    with open_server(guarded.url, directory) as server:
        assert "s3cret" not in repr(server)


def test_nobody_there(directory: Path, tmp_path: Path) -> None:
    assert "cannot be reached (Connection refused)" in problem(
        f"redis://:s3cret@127.0.0.1:{free_port()}", directory
    )
    assert "cannot be reached" in problem("redis://nowhere.invalid:6379", directory)
    assert "cannot be reached" in problem(f"unix://{tmp_path}/missing.sock", directory)
    assert "does not answer" in problem(f"rediss://127.0.0.1:{free_port()}", directory)


def test_a_unix_socket_works(spec: str, directory: Path, tmp_path: Path) -> None:
    path = tmp_path / "s"
    with (
        open_server(
            spec, directory, config={"unixsocket": str(path), "requirepass": ""}
        ) as running,
        open_server(f"unix://{path}", directory) as server,
    ):
        assert server.version == running.version


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "is not a Redis server"),
        (b"x" * 100_000, "is not a Redis server"),
        (b"+PON", "is not a Redis server"),
        (b"\x15\x03\x03\x00\x02\x02\x28", "give the URL as rediss://"),
        (b"", "nothing answered PING"),
    ],
)
def test_a_stranger_is_recognised_in_bounded_time(
    listener: Listener,
    directory: Path,
    monkeypatch: pytest.MonkeyPatch,
    answer: bytes,
    sentence: str,
) -> None:
    # What is long enough to be judged must not be waited for to the end.
    timeout_s = 0.3 if len(answer) < 20 else 60
    monkeypatch.setattr("chaos.servers.url.ANSWER_TIMEOUT_S", timeout_s)
    began = time.monotonic()
    assert sentence in problem(f"redis://:s3cret@127.0.0.1:{listener(answer)}", directory)
    assert time.monotonic() - began < 10


def test_a_client_tries_once() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"redis://127.0.0.1:{silent.getsockname()[1]}"
        with connect(url, timeout_s=0.2) as client, pytest.raises(redis.TimeoutError):
            client.ping()
        silent.setblocking(False)
        with silent.accept()[0], pytest.raises(BlockingIOError):
            silent.accept()


def test_tls_where_there_is_none_is_told(
    running: Server, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chaos.servers.url.ANSWER_TIMEOUT_S", 0.3)
    url = running.url.replace("redis://", "rediss://")
    assert "does not speak TLS; give the URL as redis://" in problem(url, directory)


def test_a_failed_tls_handshake_is_told(listener: Listener, directory: Path) -> None:
    sentence = problem(f"rediss://127.0.0.1:{listener(b'HTTP/1.1 400')}", directory)
    assert "TLS with rediss://" in sentence
    assert "failed" in sentence


class FakeRedis(socketserver.BaseRequestHandler):
    """A server that answers the rig's questions as a Redis of version 5 would."""

    def handle(self) -> None:
        info = b"redis_version:5.0.7\r\nrun_id:abc\r\nprocess_id:1\r\n"
        answers = {b"PING": b"+PONG\r\n", b"INFO": b"$%d\r\n%s\r\n" % (len(info), info)}
        while asked := self.request.recv(4096):
            for command in re.findall(rb"\*\d+\r\n\$\d+\r\n(\w+)", asked):
                self.request.sendall(answers.get(command, b"-ERR unknown command\r\n"))


def test_a_server_that_is_too_old_is_told_its_version(directory: Path) -> None:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), FakeRedis) as fake:
        thread = threading.Thread(target=fake.serve_forever)
        thread.start()
        try:
            sentence = problem(f"redis://127.0.0.1:{fake.server_address[1]}", directory)
        finally:
            fake.shutdown()
            thread.join()
    assert "is redis 5.0.7, which is too old; give one of version 6.2" in sentence


def test_durability_and_settings_of_somebody_elses_server_cannot_be_chosen(directory: Path) -> None:
    url = "redis://:s3cret@127.0.0.1:1"
    attempts: list[Callable[[], Server]] = [
        lambda: open_server(url, directory, durability="always"),
        lambda: open_server(url, directory, config={"maxmemory": "1mb"}),
    ]
    for attempt in attempts:
        with pytest.raises(ServerProblem, match="cannot be chosen") as caught:
            attempt()
        assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    "url", ["redis://:s3cret", "redis://:s3/cr@et@h:7x/0", "redis://h:6379?socket_timeout=s3cr"]
)
def test_a_malformed_url_is_refused_without_being_quoted(url: str, directory: Path) -> None:
    with pytest.raises(ServerProblem, match="malformed") as caught:
        open_server(url, directory)
    assert "s3" not in str(caught.value)
    assert caught.value.__suppress_context__


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("redis://host:6379/0", "redis://host:6379/0"),
        ("redis://:secret@host:6379/0", "redis://***@host:6379/0"),
        ("redis://user:se/cr@et@host/0", "redis://***@host/0"),
        ("unix:///path?db=1&password=secret", "unix:///path?db=1&password=***"),
        ("unix:///path?p%61ssword=secret&db=1", "unix:///path?p%61ssword=***&db=1"),
        (
            "rediss://h?ssl_password=secret&ssl_keyfile=k",
            "rediss://h?ssl_password=***&ssl_keyfile=k",
        ),
        ("redis:/:secret@host", "redis:/***@host"),
        ("redis:secret@host", "***@host"),
        ("us:secret@host:1", "***@host:1"),
        ("redis://:a?b#c@host/0?password=secret", "redis://***@host/0?password=***"),
        ("local:/opt/redis@7/redis-server", "local:/opt/redis@7/redis-server"),
        ("container:valkey@sha256:1", "container:valkey@sha256:1"),
    ],
)
def test_passwords_are_masked(url: str, shown: str) -> None:
    assert mask(url) == shown
