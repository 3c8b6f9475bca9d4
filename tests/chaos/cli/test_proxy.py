"""`rrq-chaos proxy`: the wire proxy alone, between any client and its server."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as ConnectionLost
from redis.exceptions import OutOfMemoryError
from redis.retry import Retry

from chaos.cli.proxy import fault_of
from chaos.faults import ERRORS
from chaos.rig.options import BadOption
from tests.chaos.rig.running import begun, read_until, run


@contextmanager
def proxying(upstream: str, *words: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A proxy, and the URL that it prints."""
    with begun("chaos", "proxy", upstream, *words) as process:
        assert process.stdout is not None
        yield process, process.stdout.readline().strip()


@contextmanager
def proxied(upstream: str, *words: str) -> Iterator[tuple[subprocess.Popen[str], Redis]]:
    """A proxy, and a client of it that tries once."""
    with proxying(upstream, *words) as (process, url):
        once = Retry(NoBackoff(), 0)
        with closing(Redis.from_url(url, retry=once, socket_timeout=20)) as client:
            yield process, client


def test_a_command_runs_and_its_reply_is_lost(url: str, admin: Redis) -> None:
    with proxied(url, "--fault", "SET:2/before-reply/reset") as (process, client):
        client.set("first", "1")
        with pytest.raises(ConnectionLost):
            client.set("second", "2")
        read_until(process, "reset landed at set/before-reply")
        assert admin.get("second") == b"2"
        client.set("third", "3")


def test_the_server_seems_to_be_full(url: str, admin: Redis) -> None:
    with proxied(url, "--fault", "any/before-send/error:error=OOM") as (_, client):
        with pytest.raises(OutOfMemoryError):
            client.set("key", "value")
        assert admin.get("key") is None


CLIENT = "import sys, redis; redis.Redis.from_url(sys.stdin.readline().strip()).incr('counter')"


def test_a_process_is_killed_at_its_command(url: str, admin: Redis) -> None:
    words = [sys.executable, "-c", CLIENT]
    with subprocess.Popen(words, stdin=subprocess.PIPE, text=True) as victim:
        more = ("--pid", str(victim.pid), "--fault", "INCRBY/before-send/kill")
        with proxying(url, *more) as (_, theirs):
            victim.communicate(f"{theirs}\n", timeout=20)
    assert victim.returncode == -signal.SIGKILL
    assert admin.get("counter") is None


def test_it_ends_in_one_sentence(url: str) -> None:
    with proxied(url, "--fault", "GET/before-send/reset") as (process, client):
        client.ping()
        process.send_signal(signal.SIGTERM)
        said, _ = process.communicate(timeout=20)
        assert process.returncode == 128 + signal.SIGTERM
    assert "everything that was started has been stopped" in said
    assert "Traceback" not in said


def test_a_port_of_ones_own(url: str) -> None:
    with proxied(url) as (_, client):
        port = client.connection_pool.connection_kwargs["port"]
        done = run("chaos", "proxy", url, "--port", str(port))
    assert done.returncode == 2
    assert f"port {port} cannot be had" in done.stderr


def test_no_server_is_told_in_a_sentence() -> None:
    done = run("chaos", "proxy", "redis://127.0.0.1:1/0")
    assert done.returncode == 3
    assert "Traceback" not in done.stderr
    assert "127.0.0.1:1" in done.stderr
    done = run("chaos", "proxy", "http://127.0.0.1")
    assert done.returncode == 2
    assert "'http://127.0.0.1' is no URL of a server" in done.stderr


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("SET", "is no fault"),
        ("/before-send/reset", "it names no command"),
        ("SET/before-send", "is no fault"),
        ("SET/sometimes/reset", "no such side: sometimes"),
        ("SET/before-send/explode", "explode"),
        ("SET:x/before-send/reset", "is no fault"),
        ("SET:0/before-send/reset", "nth counts from 1"),
        ("SET/before-send/delay", "delay needs for_ms"),
        ("SET/before-send/delay:for_ms=soon", "is no fault"),
        ("SET/before-send/delay:for=5", "is no fault"),
        ("SET/before-send/reset:for_ms=5", "reset takes no for_ms"),
    ],
)
def test_what_is_no_fault_is_told(text: str, says: str) -> None:
    with pytest.raises(BadOption, match=says):
        fault_of(text, "fault-1")


def test_its_own_fields() -> None:
    fault = fault_of("evalsha:3/before-reply/delay:for_ms=500", "fault-1")
    assert (fault.nth, fault.side, fault.action, fault.for_ms) == (3, "before-reply", "delay", 500)
    assert fault.match([b"EVALSHA", b"sha"])
    assert not fault.match([b"EVAL", b"sha"])
    assert fault_of("GET/before-send/error:error=BUSY", "fault-2").error == ERRORS["BUSY"]
