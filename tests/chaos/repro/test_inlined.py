"""The machinery of scripts does what the rig's own does."""

from __future__ import annotations

import threading
from contextlib import closing

import pytest
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as ConnectionLost
from redis.retry import Retry

from chaos.faults.match import Exec
from chaos.inference.steps import Shape
from chaos.repro.inlined.fates import Run, fates_of
from chaos.repro.inlined.proxy import Proxy, name_of
from chaos.repro.inlined.server import CannotTry, Server

SHA = "1f2e" * 10
COMMANDS = [
    "BLPOP q:jobs 1",
    "HSET q:job:job-1 state done",
    f"EVALSHA {SHA} 1 q:jobs take",
    f"EVALSHA {SHA} 1 q:jobs 17",
    "EVAL return 0",
    "XREADGROUP GROUP g c COUNT 1 STREAMS q:stream >",
    "XGROUP CREATE q:stream g",
    "BLMPOP 1 1 q:jobs LEFT",
    "LMPOP 1 q:jobs LEFT",
    "GET q:job:[1]",
    "PING",
]


@pytest.mark.parametrize("text", COMMANDS)
def test_a_moment_is_met_where_the_rig_meets_it(text: str) -> None:
    argv = text.encode().split()
    shape = Shape.of(argv, [b"job-1"])
    for other in COMMANDS:
        words = other.encode().split()
        met = name_of(words, [], {"moment": str(shape)}) == "moment"
        assert met == shape.meets(words), other


def test_a_transaction_is_met_by_a_command_in_it() -> None:
    moments = {"claim": "EXEC ZREM q:jobs"}
    queued = [b"MULTI"], [b"ZREM", b"q:jobs", b"job-1"]
    shape = Shape.parse(moments["claim"])
    assert shape.meets(Exec([b"EXEC"], queued[1:]))
    assert name_of([b"EXEC"], [*queued], moments) == "claim"
    assert name_of([b"EXEC"], [[b"ZREM", b"others"]], moments) == "EXEC"
    assert name_of([b"ZADD", b"q:jobs"], [*queued], moments) == "ZADD"
    assert name_of([b"ZREM", b"q:jobs"], [], moments) == "ZREM"
    assert name_of([b"client", b"setinfo", b"x"], [], moments) == "CLIENT-SETINFO"


def run(start_s: float, end_s: float | None = None, outcome: str | None = "ok") -> Run:
    return Run("job", "worker", 1, start_s, end_s, outcome)


@pytest.mark.parametrize(
    ("runs", "fates"),
    [
        ([], {"undone"}),
        ([run(1, 2)], set()),
        ([run(1, None, "gone")], {"undone"}),
        ([run(1, None, "gone"), run(5, 6)], {"again"}),
        ([run(1, 2, "error"), run(5, 6)], {"again"}),
        ([run(1, None, None), run(5, 6)], {"again", "overlap"}),
        ([run(1, 9), run(5, 6, "error")], {"again", "overlap"}),
        ([run(1, 2), run(5, None, None)], {"again", "twice"}),
        ([run(1, 9), run(5, 8)], {"again", "twice", "overlap"}),
    ],
)
def test_fates(runs: list[Run], fates: set[str]) -> None:
    assert fates_of(runs) == fates


def struck(url: str, side: str, at: str = "SET.2", *, passes: bool = False) -> tuple[Redis, Proxy]:
    """A client of a proxy that strikes at its second SET."""
    place = Server(url, directory=None)  # type: ignore[arg-type]
    proxy = Proxy(place.address, at, side, {}, lambda: passes)
    return Redis.from_url(place.behind(proxy.port), retry=Retry(NoBackoff(), 0)), proxy


@pytest.mark.parametrize(("side", "stored"), [("before-send", None), ("before-reply", b"2")])
def test_a_strike_comes_on_one_side_of_the_command(
    url: str, admin: Redis, side: str, stored: bytes | None
) -> None:
    client, proxy = struck(url, side)
    with closing(client), closing(proxy):
        client.set("first", "1")
        assert not proxy.struck.is_set()
        with pytest.raises(ConnectionLost):
            client.set("second", "2")
        assert proxy.struck.is_set()
        assert admin.get("second") == stored
        assert client.set("third", "3")


def test_a_strike_may_let_the_command_pass(url: str, admin: Redis) -> None:
    client, proxy = struck(url, "before-send", passes=True)
    with closing(client), closing(proxy):
        for value in ("1", "2", "3"):
            client.set("key", value)
        assert proxy.struck.is_set()
    assert admin.get("key") == b"3"


def test_a_number_alone_counts_every_command(url: str) -> None:
    client, proxy = struck(url, "before-send", "1")
    with closing(client), closing(proxy), pytest.raises(ConnectionLost):
        client.ping()


def test_a_claim_that_finds_a_job_is_told(url: str, admin: Redis) -> None:
    told = threading.Event()
    place = Server(url, directory=None)  # type: ignore[arg-type]
    moments = {"claim": "LPOP jobs"}
    proxy = Proxy(place.address, "GET.9", "before-send", moments, lambda: False, told.set)
    with closing(Redis.from_url(place.behind(proxy.port))) as client, closing(proxy):
        client.lpop("jobs")
        assert not told.is_set()
        admin.rpush("jobs", "job")
        client.lpop("jobs")
        assert told.is_set()


def test_a_database_that_is_not_empty_is_left_alone(url: str, admin: Redis) -> None:
    server = Server(url, directory=None)  # type: ignore[arg-type]
    server.start()
    admin.set("theirs", "1")
    with pytest.raises(CannotTry, match="is not empty"):
        server.start()
    assert admin.get("theirs") == b"1"
    assert server.version().split()[0] in ("redis", "valkey")
