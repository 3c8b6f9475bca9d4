"""Servers that the rig starts from a binary."""

import contextlib
import os
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest
import redis

from chaos.servers import ServerProblem, open_server
from chaos.servers.binary import BinaryServer
from chaos.servers.embedded import embedded_binary
from chaos.servers.ports import free_port
from chaos.servers.server import Server
from tests.chaos.servers.conftest import Listener
from tests.releases import redis_62

NOBODY = 65534


def binary_of(spec: str) -> Path:
    return embedded_binary() if spec == "embedded" else Path(spec.removeprefix("local:"))


def value_of(server: Server, key: str) -> object:
    with server.client() as client:
        return client.get(key)


def put(server: Server, key: str, value: str) -> None:
    with server.client() as client:
        client.set(key, value)


def test_a_server_answers_when_it_has_started_and_is_gone_when_it_has_stopped(
    spec: str, directory: Path
) -> None:
    with open_server(spec, directory) as server:
        pid = server.pid
        assert pid is not None
        put(server, "key", "value")
        assert value_of(server, "key") == b"value"
        product = "valkey 9." if spec == "embedded" else "redis 6.2."
        assert server.version.startswith(product)
        assert server.log is not None
        assert server.log.read_text()

        server.stop()

        assert server.pid is None
        assert not psutil.pid_exists(pid)
    assert not psutil.pid_exists(pid)


def test_debug_commands_are_allowed_for_the_rig(spec: str, directory: Path) -> None:
    with open_server(spec, directory) as server, server.client() as client:
        assert client.execute_command("DEBUG", "SLEEP", "0")


@pytest.mark.parametrize(("durability", "left"), [("always", b"value"), ("none", None)])
def test_what_a_killed_server_still_knows_depends_on_its_durability(
    spec: str, directory: Path, durability: str, left: bytes | None
) -> None:
    with open_server(spec, directory, durability=durability) as server:  # type: ignore[arg-type]
        url = server.url
        put(server, "key", "value")

        server.kill()
        with pytest.raises(ServerProblem, match="does not run"):
            server.pause()
        server.restart()

        assert server.url == url
        assert value_of(server, "key") == left


def test_a_clean_restart_keeps_port_and_data_and_brings_a_new_process(
    spec: str, directory: Path
) -> None:
    with open_server(spec, directory, durability="everysec") as server:
        url, pid = server.url, server.pid
        put(server, "key", "value")
        with server.client() as client:
            assert client.config_get("appendfsync") == {"appendfsync": "everysec"}

        server.restart()

        assert (server.url, value_of(server, "key")) == (url, b"value")
        assert server.pid != pid


def test_a_paused_server_is_silent_until_it_is_resumed(spec: str, directory: Path) -> None:
    with open_server(spec, directory) as server:
        server.pause()
        with server.client(timeout_s=0.1) as client, pytest.raises(redis.TimeoutError):
            client.ping()
        with pytest.raises(ServerProblem, match="not ready after"):
            server.wait_ready(0.2)

        server.resume()

        server.wait_ready()
        put(server, "key", "value")


def test_a_paused_server_can_be_stopped(spec: str, directory: Path) -> None:
    with open_server(spec, directory) as server:
        server.pause()
        began = time.monotonic()
        server.stop()
        assert time.monotonic() - began < 5
        assert server.pid is None


def test_two_servers_do_not_meet(spec: str, tmp_path: Path) -> None:
    with open_server(spec, tmp_path / "a") as one, open_server(spec, tmp_path / "b") as two:
        put(one, "key", "value")
        assert one.url != two.url
        assert value_of(two, "key") is None


def test_a_server_takes_another_port_when_its_choice_is_taken_meanwhile(
    spec: str, tmp_path: Path, listener: Listener
) -> None:
    with open_server(spec, tmp_path / "other") as other, other.client() as client:
        theirs = int(client.connection_pool.connection_kwargs["port"])
        # Taken by another Redis, by somebody who talks rubbish, by somebody who keeps silent.
        taken = [theirs, listener(b"rubbish\r\n"), listener(b"")]
        for port in taken:
            choose = iter([port, free_port()]).__next__
            server = BinaryServer(binary_of(spec), tmp_path / str(port), choose_port=choose)
            with server:
                assert server.pid is not None
                assert not server.url.endswith(f":{port}/0")


def test_a_server_whose_port_was_taken_while_it_was_down_says_so(
    spec: str, directory: Path, tmp_path: Path
) -> None:
    with open_server(spec, directory) as server:
        server.stop()
        with server.client() as client:
            port = int(client.connection_pool.connection_kwargs["port"])
        squatter = BinaryServer(binary_of(spec), tmp_path / "squatter", choose_port=lambda: port)
        with squatter:
            with pytest.raises(ServerProblem, match=f"port {port}.*in use by another process"):
                server.start()
            assert server.pid is None
            # The same place with somebody else's server on it is not ours.
            assert f":{port}/" in squatter.url
            assert f":{port}/" in server.url
        server.start()


def test_all_ports_taken_is_one_sentence(spec: str, directory: Path, listener: Listener) -> None:
    port = listener(b"rubbish\r\n")
    server = BinaryServer(binary_of(spec), directory, choose_port=lambda: port)
    with pytest.raises(ServerProblem, match="in a row were in use"):
        server.start()


def test_a_setting_reaches_the_server(spec: str, directory: Path) -> None:
    config = {"maxmemory": "32mb", "save": "900 1"}
    with open_server(spec, directory, config=config) as server, server.client() as client:
        assert client.config_get("maxmemory") == {"maxmemory": str(32 * 1024 * 1024)}
        assert client.config_get("save") == {"save": "900 1"}


@pytest.mark.parametrize(
    "command", ["PING", "SAVE", "FLUSHALL", "CONFIG SET dir /tmp", "REPLICAOF NO ONE", "SHUTDOWN"]
)
def test_nobody_else_reaches_our_server(spec: str, directory: Path, command: str) -> None:
    with open_server(spec, directory) as server, server.client() as ours:
        ours.set("kept", "1")
        place = ours.connection_pool.connection_kwargs
        with (
            redis.Redis(host=place["host"], port=place["port"]) as stranger,
            pytest.raises(redis.AuthenticationError),
        ):
            stranger.execute_command(*command.split())
        assert ours.get("kept") == b"1"


def test_the_password_is_drawn_and_nobody_else_reads_it(spec: str, directory: Path) -> None:
    with open_server(spec, directory) as server, open_server(spec, directory / "b") as other:
        password = urlsplit(server.url).password
        assert password
        assert password != urlsplit(other.url).password
        assert server.pid is not None
        process = psutil.Process(server.pid)
        assert not any(password in word for word in process.cmdline())
        assert not any(password in text for text in process.environ().values())
        assert stat.S_IMODE(directory.stat().st_mode) == 0o700
        for path in directory.iterdir():
            if path.is_file() and password.encode() in path.read_bytes():
                assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
        assert password not in repr(server)


def test_a_password_is_in_the_url_and_in_no_message(spec: str, directory: Path) -> None:
    with open_server(spec, directory, config={"requirepass": "s3cr@t"}) as server:
        put(server, "key", "value")
        assert "s3cr" not in repr(server)
        assert (directory / "server.conf").stat().st_mode & 0o077 == 0


def test_an_unknown_setting_is_named_without_its_value(spec: str, directory: Path) -> None:
    server = open_server(spec, directory, config={"requirepasss": "s3cret"})
    with pytest.raises(ServerProblem, match="'requirepasss'") as caught:
        server.start()
    assert "s3cret" not in str(caught.value)
    server.close()


@pytest.mark.parametrize(
    ("config", "message"),
    [({"port": "6379"}, "made by the rig"), ({"save": '""\nport 1'}, "line break")],
)
def test_settings_that_are_not_the_users_to_make_are_refused(
    directory: Path, config: dict[str, str], message: str
) -> None:
    with pytest.raises(ServerProblem, match=message):
        open_server("embedded", directory, config=config)


def test_a_server_cannot_be_started_twice(spec: str, directory: Path) -> None:
    with open_server(spec, directory) as server:
        with pytest.raises(ServerProblem, match="runs already"):
            server.start()
        server.wait_ready()


def test_a_directory_that_cannot_be_one_is_named(spec: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    server = open_server(spec, tmp_path / "file")
    with pytest.raises(ServerProblem, match="file cannot be used"):
        server.start()


@contextlib.contextmanager
def ordinary_user() -> Iterator[None]:
    """Root may write anywhere, so become another user for a while."""
    before = os.geteuid()
    if before == 0:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(before)


def test_a_directory_without_permission_is_named(spec: str, tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    server = open_server(spec, tmp_path / "below")
    with ordinary_user(), pytest.raises(ServerProblem, match="cannot be written"):
        server.start()


def executable(path: Path, text: str) -> Path:
    path.write_text(text)
    path.chmod(0o755)
    return path


def test_a_wrong_binary_is_told_from_a_right_one(tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    plain.touch()
    cases = {
        tmp_path / "missing": "no file",
        plain: "may not be executed",
        executable(tmp_path / "other", "#!/bin/sh\necho hello\n"): "not a Redis server",
        executable(tmp_path / "old", "#!/bin/sh\necho 'Redis server v=6.0.9 sha=0'\n"): (
            "redis 6.0.9, which is too old; give one of version 6.2"
        ),
        executable(tmp_path / "broken", "\x7fELF"): "cannot be run",
    }
    for binary, message in cases.items():
        with pytest.raises(ServerProblem, match=message):
            open_server(f"local:{binary}", tmp_path / "data").start()


def test_the_binary_on_the_path_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ServerProblem, match="no valkey-server or redis-server on PATH"):
        open_server("local", tmp_path)
    (tmp_path / "redis-server").symlink_to(redis_62())
    with open_server("local", tmp_path / "data") as server:
        assert server.version.startswith("redis 6.2.")


def test_a_missing_package_names_the_extra_to_install(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chaos.servers.embedded.PACKAGE", "no-such-package")
    with pytest.raises(ServerProblem, match=r"pip install 'rrq-chaos\[chaos\]'"):
        open_server("embedded", directory)


def test_an_unknown_server_names_the_choices(directory: Path) -> None:
    for spec in ("memory", "embedded:9", "http://:s3cret@localhost"):
        with pytest.raises(ServerProblem, match="give embedded, local") as caught:
            open_server(spec, directory)
        assert "s3cret" not in str(caught.value)
