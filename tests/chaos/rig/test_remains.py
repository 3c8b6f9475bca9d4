"""What is left of a job in the store is told in words that are the same for its likes."""

from __future__ import annotations

import pytest
from redis import Redis

from chaos.rig.remains import Remains, given_up, remains_of

ONE, TWO = b"3c9f61be-0a0a-4b3c-8a0e-1d1f0a7c0001", b"0d2a7c11-5b6e-4f00-9c1e-aaaaaaaaaaaa"
NAMES = {"one": {b"one", ONE}, "two": {b"two", TWO}}
#: Of a queue that stores why a job has failed, and then lists it.
LEAVES: dict[str, Remains] = {
    "completed": frozenset(),
    "held": frozenset({"active", "all", "job:*"}),
    "dead": frozenset({"failed", "all", "job:*", "job:*:why"}),
}


def left(admin: Redis) -> tuple[set[str], set[str]]:
    found = remains_of(admin, NAMES)
    return {*found["one"]}, {*found["two"]}


def test_nothing(admin: Redis) -> None:
    admin.set("other", "text")
    assert left(admin) == (set(), set())


def test_keys_that_are_called_after_it(admin: Redis) -> None:
    for name in (ONE, TWO):
        admin.set(b"result:" + name, "1")
    assert left(admin) == ({"result:*"}, {"result:*"})


def test_a_record_says_in_a_word_how_it_stands(admin: Redis) -> None:
    fields = ("status", "failed", "tries", "3", "at", "2026-01-01T00:00:00", "data", "x" * 30)
    admin.hset(b"job:" + ONE, items=[*fields])
    assert left(admin)[0] == {"job:*", "job:* status=failed"}


@pytest.mark.parametrize("kind", ["string", "list", "set", "zset", "hash"])
def test_keys_that_name_it(admin: Redis, kind: str) -> None:
    text = b'{"id": "' + ONE + b'"}'
    match kind:
        case "string":
            admin.set("queue", text)
        case "list":
            admin.rpush("queue", b"another", text)
        case "set":
            admin.sadd("queue", text)
        case "zset":
            admin.zadd("queue", {text: 1})
        case "hash":
            admin.hset("queue", mapping={"field": text})
    assert left(admin) == ({"queue"}, set())


def test_entries_of_a_stream_that_nobody_has_acknowledged(admin: Redis) -> None:
    admin.xgroup_create("stream", "workers", mkstream=True)
    admin.xadd("stream", {"job": ONE})
    admin.xreadgroup("workers", "consumer", {"stream": ">"})
    admin.xadd("stream", {"job": TWO})
    assert left(admin) == ({"stream pending"}, {"stream entry"})


def test_what_differs_in_each_run_is_left_out(admin: Redis) -> None:
    admin.rpush(b"acks:" + TWO.replace(b"a", b"b") + b":1796000000", ONE)
    assert left(admin)[0] == {"acks:#:#"}


@pytest.mark.parametrize(
    ("remains", "is_given_up"),
    [
        ({"failed", "all", "job:*", "job:*:why"}, True),
        ({"failed", "all", "job:*"}, True),
        ({"failed", "job:*"}, True),
        ({"all", "job:*"}, False),
        ({"active", "all", "job:*"}, False),
        ({"failed", "active", "job:*"}, False),
        (set(), False),
    ],
)
def test_a_job_is_given_up_where_only_failed_ones_are_listed(
    remains: set[str], is_given_up: bool
) -> None:
    assert given_up(frozenset(remains), LEAVES) == is_given_up
