"""A plan of many faults of all kinds, drawn from a seed, and its execution on a rig."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from random import Random
from typing import TYPE_CHECKING

from chaos.rig.worker import Member
from chaos.rig.workers import At
from chaos.wire import ERRORS

if TYPE_CHECKING:
    from chaos.rig.rig import Rig

#: Kinds of faults, each with its weight in the draw.
KINDS = {
    "kill": 3,
    "stop": 3,
    "cut off": 3,
    "disconnect": 3,
    "lose reply": 6,
    "delay": 3,
    "error": 6,
    "chop": 2,
    "scripts": 3,
    "clients": 3,
    "pause": 2,
    "restart": 1,
    "crash": 2,
    "memory": 2,
    "read-only": 2,
}
#: The storm goes on when these are over.
_WAITED_FOR = ("cut off", "pause", "restart", "crash", "memory", "read-only")
_ERRORS = ("LOADING", "READONLY", "OOM", "MASTERDOWN", "BUSY", "NOSCRIPT")
#: Between two faults, and how long one lasts that lasts: up to twice the lock's TTL.
_PAUSES_S = (0.02, 0.3)
_LASTS_S = (0.1, 2.0)
#: A fault on the wire lands at one of so many next commands of a process.
_NEXT_COMMANDS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Stroke:
    """One fault of the plan."""

    #: Seconds since the storm began; later, where those before it took longer.
    at_s: float
    kind: str
    #: Which of the workers that are there, by their order.
    worker: int
    lasts_s: float
    nth: int
    error: str


class Storm:
    """Draws the plan when it is made, so that nothing that happens can change it."""

    def __init__(self, rig: Rig, seconds: float) -> None:
        self._rig = rig
        self.plan = draw(Random(rig.random.random()), seconds)
        path = rig.directory / "storm.json"
        path.write_text(json.dumps([asdict(stroke) for stroke in self.plan], indent=1) + "\n")
        self._server: dict[str, Callable[[], AbstractContextManager[None]]] = {
            "pause": rig.redis.paused,
            "restart": rig.redis.stopped,
            "crash": rig.redis.killed,
            "memory": rig.redis.out_of_memory,
            "read-only": rig.redis.read_only,
        }

    def rage(self) -> None:
        """Carry out the plan."""
        begun = time.monotonic()
        for stroke in self.plan:
            self._rig.pause(max(0.0, begun + stroke.at_s - time.monotonic()))
            self._strike(stroke)

    def _strike(self, stroke: Stroke) -> None:
        rig = self._rig
        present = rig.crew.present() or [rig.worker()]  # a queue that lost them all is judged later
        member = present[stroke.worker % len(present)]
        if stroke.kind in self._server:
            with self._server[stroke.kind]():
                rig.pause(stroke.lasts_s)
        elif stroke.kind == "scripts":
            rig.redis.forgets_scripts()
        elif stroke.kind == "clients":
            rig.redis.drops_clients()
        elif stroke.kind == "kill":
            rig.signal(member, signal.SIGKILL)
            rig.worker()
        elif stroke.kind == "cut off":
            with rig.cut_off(member):
                rig.pause(stroke.lasts_s)
        elif stroke.kind == "disconnect":
            rig.crew.disconnect(member, "in the storm")
        else:
            self._plan(member, stroke)

    def _plan(self, member: Member, stroke: Stroke) -> None:
        """A fault at a command that is to come."""
        for_ms = int(stroke.lasts_s * 1000)
        at = {
            "stop": At("any", "before-send", "stop", stroke.nth, {"for_ms": for_ms}),
            "lose reply": At("any", "before-reply", "lose-reply", stroke.nth),
            "delay": At("any", "before-reply", "delay", stroke.nth, {"for_ms": for_ms}),
            "error": At("any", "before-send", "error", stroke.nth, {"error": stroke.error}),
            "chop": At("any", "before-reply", "chop", stroke.nth),
        }[stroke.kind]
        self._rig.plan(member, at)


def draw(chance: Random, seconds: float) -> list[Stroke]:
    """The same strokes for the same chance and time."""
    plan: list[Stroke] = []
    at_s = 0.0
    while (at_s := at_s + chance.uniform(*_PAUSES_S)) < seconds:
        kind = chance.choices([*KINDS], [*KINDS.values()])[0]
        lasts_s = round(chance.uniform(*_LASTS_S), 3)
        plan.append(
            Stroke(
                at_s=round(at_s, 3),
                kind=kind,
                worker=chance.randrange(100),
                lasts_s=lasts_s,
                nth=chance.randint(1, _NEXT_COMMANDS),
                error=ERRORS[chance.choice(_ERRORS)],
            )
        )
        at_s += lasts_s if kind in _WAITED_FOR else 0.0
    return plan
