"""A target that must fail: its claim takes a job off the queue and does not lock it."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from chaos.targets.rrq_ref import wire
from chaos.targets.rrq_ref.target import TARGET as REFERENCE
from rrq_ref import scripts

#: Script → what it does, and what it does instead. A renewal would make up for the missing lock,
#: where a slow machine gives it the time: so it does not either.
_EDITS = {
    "LOCK_AND_POP": ("if #held > 0 then redis.call('ZADD', locks, unpack(held)) end", ""),
    "REFRESH_LOCKS": ("], expiry, id)", "], 'XX', expiry, id)"),
}


def _plant() -> None:
    """Plant it in this process, and so in those that are forked from it."""
    for name, (good, bad) in _EDITS.items():
        sound = getattr(scripts, name)
        text = sound.text.replace(good, bad)
        assert text != sound.text
        careless = replace(sound, text=text, sha=hashlib.sha1(text.encode()).hexdigest())
        scripts.ALL = tuple(careless if one is sound else one for one in scripts.ALL)
        setattr(scripts, name, careless)
        wire._NAMES[careless.sha.encode()] = careless.name


_plant()
TARGET = replace(REFERENCE, name="careless")
