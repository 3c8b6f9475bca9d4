"""The reference's scripts, as the rig reads them on the wire."""

from __future__ import annotations

from typing import Any

import pytest

from chaos.targets.rrq_ref.wire import MOMENTS, transitions
from chaos.wire import Exchange, NoReply
from rrq_ref import scripts
from rrq_ref.scripts import Script


def exchange(script: Script, keys: list[str], args: list[Any], reply: Any) -> Exchange:
    argv = [str(word).encode() for word in script.call(keys, args)]
    return Exchange("worker-1", argv, reply, 1, 2)


ENDS = {"job": "a", "token": 3, "worker": "w"}


@pytest.mark.parametrize(
    ("script", "keys", "args", "seen"),
    [
        (
            scripts.ENQUEUE,
            ["queue", "wake", "job:a", "job:b"],
            ["job:", 0, 2, "max", "3", 1, "args", "a", 0, 0, "", "[1]", "b", 0, 0, "", "[2]"],
            [{"job": "a"}, {"job": "b"}],
        ),
        (scripts.FINISH, ["locks"], ["w", 60, "job:", "unique:", 1, "a", 3, "null", ""], [ENDS]),
        (scripts.RETRY, ["job"], ["a", "w", 3, "why", "", 50], [ENDS | {"delay_ms": 50}]),
        (scripts.RELEASE, ["job"], ["a", "w", 3], [ENDS]),
        (scripts.BURY, ["job"], ["a", "w", 3], [ENDS]),
        (
            scripts.REFRESH_LOCKS,
            ["claim", "locks"],
            ["w", 900, "job:", 0, 1, "a", 3, 1, "b", 4],
            [ENDS | {"ttl_ms": 900}, ENDS | {"job": "b", "token": 4, "ttl_ms": 900}],
        ),
        (scripts.REQUEUE_DLQ, ["job"], ["a"], [{"job": "a"}]),
        (scripts.LOCK_AND_POP, ["claim"], ["w", 1, 5, 9, 900], []),
    ],
    ids=lambda value: value.name if isinstance(value, Script) else None,
)
def test_what_got_no_reply_may_have_happened(
    script: Script, keys: list[str], args: list[Any], seen: list[dict[str, Any]]
) -> None:
    found = list(transitions(exchange(script, keys, args, NoReply())))
    about = [event.to_json() for event in found]
    assert [{k: v for k, v in one.items() if k not in ("type", "op")} for one in about] == seen


def test_every_script_has_a_name_of_its_own_in_a_sweep() -> None:
    named = {}
    for script in scripts.ALL:
        argv = exchange(script, ["key"], ["a"], NoReply()).argv
        (named[script.name],) = [name for name, match in MOMENTS.items() if match(argv)]
    assert len({*named.values()}) == len(scripts.ALL)
