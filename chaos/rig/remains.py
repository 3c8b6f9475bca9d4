"""What is left of jobs in the store of a queue that nobody can look into.

Of each job: the keys that are called after it, and those that name it, in words that are the same
for every job that ended alike. So what an unknown job leaves can be compared with what a job left
that was done, and with what one left that had failed for good.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import chain
from typing import Any

import redis

Remains = frozenset[str]

#: Parts of a key that are another one in each run: long numbers, and random ids.
_RANDOM = re.compile(rb"[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}|[0-9a-f]{10,}|[0-9]{4,}")
#: A value of a job's own record that tells how it ended.
_WORD = re.compile(rb"[A-Za-z_]{2,16}")


def remains_of(client: redis.Redis, names: Mapping[str, Collection[bytes]]) -> dict[str, Remains]:
    """What is left of each job; `names` has all names of each. Raises `redis.RedisError`."""
    left: dict[str, set[str]] = {job: set() for job in names}
    any_client: Any = client  # redis-py gives these no types
    for key in any_client.scan_iter(count=1_000):
        kind = any_client.type(key).decode()
        content = list(_content(any_client, key, kind))
        for job, its in names.items():
            left[job].update(_told(key, kind, content, its))
    return {job: frozenset(words) for job, words in left.items()}


def given_up(left: Remains, leaves: Mapping[str, Remains]) -> bool:
    """Whether a job that leaves this was recorded as failed; `leaves` is what jobs leave that are
    `completed`, `dead`, and `held`.

    It leaves what a failed job leaves, and none that is held. Or it has less of a record, because
    its worker died and nobody wrote down why, and is listed where of these three only a failed job
    is.
    """
    dead = leaves.get("dead", frozenset())
    if "held" not in leaves or left == dead:
        return bool(left) and left == dead != leaves.get("held")
    lists = {key for key in dead if "*" not in key} - leaves["held"]
    lists -= leaves.get("completed", frozenset())
    return bool(lists) and lists <= left <= dead


def _told(
    key: bytes, kind: str, content: list[tuple[str, tuple[bytes, ...]]], names: Collection[bytes]
) -> Iterator[str]:
    for name in names:
        if name in key:
            pattern = _shown(key.replace(name, b"*"))
            yield pattern
            if kind == "hash":
                yield from (f"{pattern} {word}" for word in _words(content))
            return
    for what, texts in content:
        if any(name in text for text in texts for name in names):
            yield f"{_shown(key)}{what}"


def _words(content: Iterable[tuple[str, tuple[bytes, ...]]]) -> Iterator[str]:
    """The fields of a record that say in a word how it stands."""
    for _, (field, value) in content:
        if _WORD.fullmatch(value):
            yield f"{_shown(field)}={_shown(value)}"


def _content(client: Any, key: bytes, kind: str) -> Iterator[tuple[str, tuple[bytes, ...]]]:
    """The texts in a key, each with what it is where a key has several kinds of them."""
    match kind:
        case "string":
            yield "", (client.get(key) or b"",)
        case "list":
            yield from (("", (text,)) for text in client.lrange(key, 0, -1))
        case "set":
            yield from (("", (text,)) for text in client.smembers(key))
        case "zset":
            yield from (("", (text,)) for text in client.zrange(key, 0, -1))
        case "hash":
            yield from (("", pair) for pair in client.hgetall(key).items())
        case "stream":
            pending = _pending(client, key)
            for entry, fields in client.xrange(key):
                texts = tuple(chain.from_iterable(fields.items()))
                yield (" pending" if entry in pending else " entry"), (entry, *texts)


def _pending(client: Any, key: bytes) -> set[bytes]:
    """The entries of a stream that a consumer has, and has not acknowledged."""
    groups = [group["name"] for group in client.xinfo_groups(key)]
    found = (client.xpending_range(key, group, "-", "+", 100_000) for group in groups)
    return {entry["message_id"] for entries in found for entry in entries}


def _shown(text: bytes) -> str:
    return _RANDOM.sub(b"#", text).decode(errors="replace")
