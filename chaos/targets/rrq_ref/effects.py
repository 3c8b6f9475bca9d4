"""The effects of the reference's jobs: Redis commands of several kinds, and what they leave.

Each effect writes `<job>:<token>` somewhere. Those of two jobs collide where one appends to a text
and the other pushes to a list of the same name: the one that comes second is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Any

from chaos.history.events import FinalEffect
from rrq_ref import Context

#: The beginning of all keys that effects write, and the keys of those that do not collide.
PREFIX = "chaos:effects"
_LIST, _STREAM, _COUNTS, _TEXT = (
    f"{PREFIX}:{kind}" for kind in ("list", "stream", "counts", "text")
)
_BATCH = 1_000


def hand_over(context: Context, effects: int, plan: Mapping[str, Any]) -> None:
    """Hand a number of effects to the commit.

    In the plan, `refused` is the place of one that the server refuses, `refused_as` says why, and
    `clash` names a key at which the first of them collides with those of other jobs.
    """
    mark = f"{context.job_id}:{context.token}"
    for number in range(effects):
        if number == plan.get("refused"):
            context.effect(*_REFUSED[plan["refused_as"]](mark))
        elif number == 0 and "clash" in plan:
            how = "APPEND" if plan["append"] else "RPUSH"
            context.effect(how, f"{PREFIX}:clash:{plan['clash']}", f"{mark}\n".encode())
        else:
            context.effect(*_KINDS[number % len(_KINDS)](mark))


_Command = Callable[[str], tuple[str | bytes | int, ...]]

_KINDS: tuple[_Command, ...] = (
    lambda mark: ("RPUSH", _LIST, mark),
    lambda mark: ("XADD", _STREAM, "*", "mark", mark.encode()),
    lambda mark: ("HINCRBY", _COUNTS, mark, 1),
    lambda mark: ("APPEND", _TEXT, f"{mark}\n"),
)
_REFUSED: Mapping[str, _Command] = {
    "no-number": lambda mark: ("INCRBY", f"{_COUNTS}:never", mark),
    "no-command": lambda mark: ("NOCOMMAND", f"{_COUNTS}:never", mark),
    "too-few": lambda mark: ("HSET", mark),
}


def found(client: Any) -> Iterator[FinalEffect]:
    """All effects in the store."""
    for mark in _marks(client):
        job, _, token = mark.strip().rpartition(":")
        yield FinalEffect(job=job, token=int(token))


def _marks(client: Any) -> Iterator[str]:
    with client.pipeline(transaction=False) as pipe:
        found = pipe.lrange(_LIST, 0, -1).xrange(_STREAM).hgetall(_COUNTS).get(_TEXT).execute()
    listed, streamed, counts, text = found
    yield from listed
    yield from (fields["mark"] for _, fields in streamed)
    for mark, count in counts.items():
        yield from [mark] * int(count)
    yield from (text or "").splitlines()
    for key in client.scan_iter(match=f"{PREFIX}:clash:*", count=_BATCH):
        text = client.type(key) == "string"
        yield from client.get(key).splitlines() if text else client.lrange(key, 0, -1)


def clean(client: Any) -> None:
    """Remove what effects have left."""
    keys = client.scan_iter(match=f"{PREFIX}:*", count=_BATCH)
    while batch := [*islice(keys, _BATCH)]:
        client.delete(*batch)
