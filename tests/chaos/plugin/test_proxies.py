"""The wire proxy as a fixture, between a client in a test and its server."""

from __future__ import annotations

import psutil
import pytest
from redis import Redis

from tests.chaos.plugin.conftest import Project

pytest_plugins = ["pytester"]

HEAD = """
import sys
import pytest
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as ConnectionLost
from redis.retry import Retry

URL = {url!r}

def client(proxy):
    return Redis.from_url(proxy.url, retry=Retry(NoBackoff(), 0), socket_timeout=20)
"""


def play(project: Project, url: str, *tests: str) -> pytest.RunResult:
    project.write("test_it.py", HEAD.format(url=url) + "\n".join(tests))
    return project.pytest()


def test_faults_land_at_their_commands_and_sides(project: Project, url: str, admin: Redis) -> None:
    done = play(
        project,
        url,
        """
def test_it(chaos_proxy):
    proxy = chaos_proxy(URL, "SET:2/before-reply/reset", "GET/before-send/error:error=OOM")
    mine = client(proxy)
    mine.set("a", 1)
    with pytest.raises(ConnectionLost):
        mine.set("b", 2)
    with pytest.raises(Exception, match="OOM|memory"):
        mine.get("a")
    assert proxy.landed() == [
        "reset landed at set/before-reply", "error landed at get/before-send"
    ]
    assert proxy.landed() == proxy.landed()
    assert not {"chaos", "click", "duckdb", "gevent"} & {*sys.modules}
""",
    )
    done.assert_outcomes(passed=1)
    assert admin.mget("a", "b") == [b"1", b"2"]


def test_a_fault_that_does_not_land_fails_the_test(project: Project, url: str) -> None:
    done = play(
        project,
        url,
        """
def test_it(chaos_proxy):
    proxy = chaos_proxy(URL, "SET/before-send/reset", "GET/before-reply/delay:for_ms=1")
    client(proxy).get("a")
    proxy.landed(within_s=1)
""",
    )
    done.assert_outcomes(failed=1)
    done.stdout.fnmatch_lines(
        ["not every fault has landed within 1 s: planned were SET/before-send/reset, *; delay *"]
    )


@pytest.mark.parametrize(
    ("call", "says"),
    [
        ("URL, 'SET'", "no proxy: 'SET' is no fault *"),
        ("'http://127.0.0.1'", "no proxy: 'http://127.0.0.1' is no URL of a server*"),
        ("'redis://127.0.0.1:1/0'", "no proxy: *127.0.0.1:1*"),
    ],
)
def test_what_cannot_be_is_told_in_a_sentence(
    call: str, says: str, project: Project, url: str
) -> None:
    done = play(project, url, f"def test_it(chaos_proxy): chaos_proxy({call})")
    done.assert_outcomes(failed=1)
    done.stdout.fnmatch_lines([says])
    assert "Traceback" not in done.stdout.str()


def test_proxies_end_with_their_test(project: Project, url: str) -> None:
    done = play(
        project,
        url,
        """
from pathlib import Path

def test_it(chaos_proxy):
    for name in "ab":
        port = client(chaos_proxy(URL)).connection_pool.connection_kwargs["port"]
        Path(name).write_text(str(port))
    raise ValueError("whatever becomes of it")

def test_too():
    for name in "ab":
        with pytest.raises(ConnectionLost):
            Redis(port=int(Path(name).read_text()), retry=Retry(NoBackoff(), 0)).ping()
""",
    )
    done.assert_outcomes(passed=1, failed=1)
    commands = [process.info["cmdline"] or [] for process in psutil.process_iter(["cmdline"])]
    assert not [words for words in commands if "proxy" in words and url in words]
