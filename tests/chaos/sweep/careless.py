"""A target that must fail: its claim takes a job off the queue and does not lock it."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from chaos.targets.rrq_ref import RrqRef, wire
from rrq_ref import scripts

_LOCKS = "if #held > 0 then redis.call('ZADD', locks, unpack(held)) end"


class Careless(RrqRef):
    name = "careless"


def _plant() -> None:
    """In this process, and so in those that are forked from it."""
    sound = scripts.LOCK_AND_POP
    text = sound.text.replace(_LOCKS, "")
    assert text != sound.text
    bad = replace(sound, text=text, sha=hashlib.sha1(text.encode()).hexdigest())
    scripts.ALL = tuple(bad if one is sound else one for one in scripts.ALL)
    scripts.LOCK_AND_POP = bad
    wire._NAMES[bad.sha.encode()] = bad.name


_plant()
TARGET = Careless()
