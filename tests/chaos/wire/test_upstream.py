"""The proxy takes every URL that redis-py takes, and says so if it cannot connect."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, urlencode

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from chaos.servers import Server, ServerProblem, at_database, open_server
from chaos.servers.config import quoted
from chaos.servers.ports import free_port
from chaos.wire import WireProxy, WireProxyError
from tests.chaos.wire.conftest import Events, eventually
from tests.chaos.wire.front import CERTIFICATE, HASHED, LOCK, LOCKED_KEY, in_front_of, tls

USER, PASSWORD = "us-er:@/#%2F", "p@ss/w:rd %?&+ü"
LOGIN = f"{quote(USER, safe='')}:{quote(PASSWORD, safe='')}"


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, Path]]:
    """A server with an odd user, and the odd path of its socket."""
    directory = tmp_path_factory.mktemp("odd")
    path = directory / "a b#%?[1]ü.sock"
    # Those who give no login are let in.
    config = {"unixsocket": quoted(path), "databases": "16", "requirepass": ""}
    with open_server("embedded", directory / "server", config=config) as server:
        with server.client() as client:
            words = ("on", f">{PASSWORD}", "allkeys", "allcommands")
            client.execute_command("ACL", "SETUSER", USER, *words)
        yield server, path


def reaches_as_a_client_does(url: str, database: int = 0) -> None:
    """Count both ways: the same user and database must have counted."""
    events = Events()
    with redis.Redis.from_url(url) as client:
        client.delete("n")
        assert client.incr("n") == 1
        user = client.acl_whoami()
    with WireProxy(url, events.record) as proxy:
        proxy.check()
        with redis.Redis.from_url(proxy.listen("client")) as client:
            assert client.incr("n") == 2
            assert client.acl_whoami() == user
            assert client.connection_pool.connection_kwargs["db"] == database
    assert events.of("obstructed", "rig") == []


@pytest.mark.parametrize(
    "options",
    [
        {"ssl_ca_certs": str(CERTIFICATE)},
        {"ssl_ca_path": "<directory>"},
        {"ssl_ca_data": CERTIFICATE.read_text()},
        {"ssl_cert_reqs": "none"},
        {"ssl_ca_certs": str(CERTIFICATE), "ssl_min_version": "771", "ssl_ciphers": "ECDHE+AESGCM"},
        {"ssl_ca_certs": str(CERTIFICATE), "ssl_validate_ocsp": "no"},
    ],
)
def test_tls_by_every_option_with_a_client_certificate_whose_key_is_locked(
    guarded: tuple[Server, Path], tmp_path: Path, options: dict[str, str]
) -> None:
    shutil.copy(CERTIFICATE, tmp_path / HASHED)
    options |= {"ssl_ca_path": str(tmp_path)} if "ssl_ca_path" in options else {}
    own = {"ssl_certfile": CERTIFICATE, "ssl_keyfile": LOCKED_KEY, "ssl_password": LOCK}
    with in_front_of(guarded[0].url, tls(clients=True)) as port:
        query = urlencode({**options, **own})
        reaches_as_a_client_does(f"rediss://{LOGIN}@localhost:{port}/3?{query}", 3)


def test_a_name_that_is_not_the_certificates_is_as_right_as_the_options_say(
    guarded: tuple[Server, Path],
) -> None:
    with in_front_of(guarded[0].url, tls(), host="127.0.0.2") as port:
        url = f"rediss://{LOGIN}@127.0.0.2:{port}?ssl_ca_certs={quote(str(CERTIFICATE))}"
        reaches_as_a_client_does(f"{url}&ssl_check_hostname=no")
        with (
            WireProxy(url, Events().record) as proxy,
            pytest.raises(WireProxyError, match="IP address mismatch") as caught,
        ):
            proxy.check()
    assert "p%40ss" not in str(caught.value)
    assert "p@ss" not in str(caught.value)


def test_a_socket_with_an_odd_path(guarded: tuple[Server, Path]) -> None:
    path = guarded[1]
    login = urlencode({"username": USER, "password": PASSWORD})
    odd = quote(str(path))
    reaches_as_a_client_does(f"unix://{odd}?db=4&{login}", 4)
    reaches_as_a_client_does(f"unix://{LOGIN}@{odd}?db=5", 5)
    plain = path.with_name("a b.sock")
    plain.symlink_to(path)
    reaches_as_a_client_does(f"unix://{plain}")


@pytest.mark.parametrize(
    ("url", "database"),
    [
        ("redis://{login}@localhost:{port}/2", 2),
        ("redis://{login}@loc%61lhost:{port}/%32", 2),
        ("redis://{login}@127.0.0.1:{port}/2?db=3", 3),
        ("redis://?host=127.0.0.1&port={port}&db=1", 1),
        ("redis://:@127.0.0.1:{port}?protocol=3&socket_timeout=5&client_name=a%2Bb", 0),
        ("redis://127.0.0.1:{port}/none", 0),
    ],
)
def test_hosts_logins_and_databases_wherever_they_stand(
    guarded: tuple[Server, Path], url: str, database: int
) -> None:
    port = redis.Redis.from_url(guarded[0].url).connection_pool.connection_kwargs["port"]
    reaches_as_a_client_does(url.format(login=LOGIN, port=port), database)


def test_an_ipv6_address(guarded: tuple[Server, Path]) -> None:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("this machine has no IPv6")
    with in_front_of(guarded[0].url, host="::1") as port:
        reaches_as_a_client_does(f"redis://{LOGIN}@[::1]:{port}/6", 6)


@pytest.mark.parametrize("name", ["redis://:pw@127.0.0.1:{port}/0", "unix://:pw@{path}"])
def test_a_server_that_cannot_be_reached_is_the_rigs_failure(tmp_path: Path, name: str) -> None:
    events = Events()
    url = name.format(port=free_port(), path=tmp_path / "nothing here")
    with WireProxy(url, events.record) as proxy:
        with pytest.raises(WireProxyError, match="the wire proxy cannot connect to") as caught:
            proxy.check()
        assert ":pw" not in str(caught.value)
        client = redis.Redis.from_url(proxy.listen("client"), retry=Retry(NoBackoff(), 0))
        for _ in range(3):
            with client, pytest.raises(redis.ConnectionError):
                client.ping()
        eventually(lambda: bool(events.of("obstructed", "rig")))
    (told,) = events.of("obstructed", "rig")
    assert told["error"] == str(caught.value)


def test_a_server_that_the_rig_has_taken_away_is_nobodys_failure() -> None:
    events = Events()
    with WireProxy(f"redis://127.0.0.1:{free_port()}", events.record) as proxy:
        proxy.server_is_away(True)
        client = redis.Redis.from_url(proxy.listen("client"), retry=Retry(NoBackoff(), 0))
        with client, pytest.raises(redis.ConnectionError):
            client.ping()
    assert events.of("obstructed", "rig") == []


def test_files_for_tls_that_cannot_be_used_are_refused_without_the_secret(tmp_path: Path) -> None:
    own = {"ssl_certfile": CERTIFICATE, "ssl_keyfile": LOCKED_KEY, "ssl_password": "wr0ng"}
    for options in (own, {"ssl_ca_certs": tmp_path / "missing"}, {"ssl_cert_reqs": "maybe"}):
        url = f"rediss://:pw@localhost:1?{urlencode(options)}"
        with pytest.raises(ServerProblem, match="TLS options of") as caught:
            WireProxy(url, Events().record)
        assert "wr0ng" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "other"),
    [
        ("redis://h:1/0", "redis://h:1/7"),
        ("redis://h:1", "redis://h:1/7"),
        ("rediss://:p%40@h/1?db=3&ssl_cert_reqs=none", "rediss://:p%40@h/7?ssl_cert_reqs=none"),
        ("unix:///a%20b?password=x&db=1", "unix:///a%20b?password=x&db=7"),
        ("redis://[::1]:1/2", "redis://[::1]:1/7"),
    ],
)
def test_the_same_server_at_another_database(url: str, other: str) -> None:
    assert at_database(url, 7) == other
    assert redis.Redis.from_url(at_database(url, 7)).connection_pool.connection_kwargs["db"] == 7
