"""A plan of many faults of all kinds, drawn from a seed, and its execution on a rig."""

from __future__ import annotations

import json
import signal
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from random import Random
from types import MappingProxyType
from typing import Any

from chaos.faults import ERRORS, FAULTS, Side
from chaos.rig.rig import Rig
from chaos.rig.wire import At
from chaos.rig.worker import Worker

#: Faults of a storm, each with its weight in the draw. Their order is a part of what a seed means,
#: so a new one goes to the end.
WEIGHTS = {
    "kill": 3,
    "pause": 3,
    "partition": 3,
    "reset": 3,
    "lost-reply": 6,
    "delay": 3,
    "error": 6,
    "chop": 2,
    "server-scripts": 3,
    "server-clients": 3,
    "server-pause": 2,
    "server-stop": 1,
    "server-kill": 2,
    "server-fill": 2,
    "server-readonly": 2,
}
_ERRORS = ("LOADING", "READONLY", "OOM", "MASTERDOWN", "BUSY", "NOSCRIPT")
#: Between two faults, and how long one lasts that lasts: up to twice the lock's TTL.
_PAUSES_S = (0.02, 0.3)
_LASTS_S = (0.1, 2.0)
#: A fault on the wire lands at one of this many next commands of a process.
_NEXT_COMMANDS = 20
#: Or, one time in two, at one of the next few that make one of these transitions.
_MOMENTS = ("claim", "refresh", "finish", "retry", "bury")
_NEXT_AT_MOMENT = 3
#: Places drawn for a fault, of which the one that was met least is taken.
_TRIES = 3


#: They strike at once, wherever their process is.
_NOT_PLACED = ("partition", "reset")

#: Signals by which workers are told to leave, and the time between two of them.
_TOLD = ("term", "int", "hup", "quit")
_TOLD_AFTER_S = (0.3, 2.5)

Place = tuple[str, str, Side]
"""A kind of fault, and where it lands: a transition and a side."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StormFault:
    """One fault of the plan."""

    #: Seconds since the storm began; later, where those before it took longer.
    at_s: float
    kind: str
    #: The number of the worker that it hits, among those that are there.
    worker: int
    lasts_s: float
    nth: int
    error: str
    #: Where it lands: at commands that make this transition, on this side of them.
    moment: str = "any"
    side: Side = "before-reply"

    @property
    def place(self) -> Place:
        return self.kind, self.moment, self.side


class Storm:
    """Draws the plan when it is made, so that nothing that happens can change it."""

    def __init__(self, rig: Rig, seconds: float, after: int = 0) -> None:
        """`after`: the plans of so many seeds before this one come first, and what they have is
        avoided."""
        self._rig = rig
        wire = rig.setup.target.wire
        moments = [each for each in _MOMENTS if wire and each in wire.moments]
        met: Counter[Place] = Counter()
        rig.random.random()  # which the first seed's plan is drawn from
        for seed in range(rig.setup.seed - after, rig.setup.seed + 1):
            self.plan = draw(Random(Random(seed).random()), seconds, moments, met)
            met.update(fault.place for fault in self.plan)
        told = draw_told(Random(f"told {rig.setup.seed}"), seconds)
        self.plan = sorted([*self.plan, *told], key=lambda fault: fault.at_s)
        path = rig.directory / "storm.json"
        path.write_text(json.dumps([asdict(fault) for fault in self.plan], indent=1) + "\n")

    def rage(self) -> None:
        """Carry out the plan. Who is killed is replaced, from then on until the run ends."""
        begun = time.monotonic()
        self._rig.replaces = True
        for fault in self.plan:
            self._rig.let_work(max(0.0, begun + fault.at_s - time.monotonic()))
            self._inject(fault)

    def _inject(self, fault: StormFault) -> None:
        rig = self._rig
        if fault.kind in _TOLD:
            self._tell(fault)
            return
        present = rig.workers.present() or [
            rig.workers.start()
        ]  # a queue that lost them all is judged later
        worker = present[fault.worker % len(present)]
        if _stays(fault.kind) and fault.kind in FAULTS.of_server:
            rig.replaces = False  # nobody starts without a server
            with rig.redis.during(fault.kind):
                rig.let_work(fault.lasts_s)
            rig.replaces = True
        elif fault.kind in FAULTS.of_server:
            rig.redis.once(fault.kind)
        elif fault.kind == "kill" and fault.moment == "any":
            rig.workers.signal(worker, signal.SIGKILL)
        elif fault.kind == "partition":
            with rig.wire.partition(worker):
                rig.let_work(fault.lasts_s)
        elif fault.kind == "reset":
            rig.wire.reset(worker, "in the storm")
        else:
            self._plan(worker, fault)

    def _tell(self, fault: StormFault) -> None:
        """Tell a worker or a whole fleet to leave, some of them twice, and start another in its
        place. One time in three it is a worker of the fleet, which its parent has to replace."""
        workers, number = self._rig.workers, FAULTS[fault.kind].signal
        assert number is not None
        there = [*workers.present(), *workers.fleets()]
        if not there:
            return
        victim = there[fault.worker % len(there)]
        if not victim.is_fleet:
            for _ in range(1 + (fault.nth == 2)):
                workers.signal(victim, number, phase="in the storm")
            workers.start(queues=victim.queues)
        elif fault.nth == 3 and (children := victim.living_children()):
            workers.hit(victim, children[0].pid, fault.kind)
        elif fault.nth < 3:
            for _ in range(fault.nth):
                workers.signal_all(victim, number)
            workers.fleet(workers=2)

    def _plan(self, worker: Worker, fault: StormFault) -> None:
        """A fault at a command that is to come."""
        kind = FAULTS.action(fault.kind)
        given: dict[str, Any] = {"for_ms": int(fault.lasts_s * 1000), "error": fault.error}
        more = {name: given[name] for name in given if name in (*kind.needs, *kind.takes)}
        at = At(fault.moment, fault.side, fault.kind, fault.nth, more)
        self._rig.wire.plan(worker, at)


def _stays(kind: str) -> bool:
    """True if the storm waits until the fault is over."""
    known = FAULTS.of_server.get(kind)
    return kind == "partition" if known is None else known.during is not None


def draw(
    chance: Random,
    seconds: float,
    moments: Sequence[str] = _MOMENTS,
    met: Mapping[Place, int] = MappingProxyType({}),
) -> list[StormFault]:
    """The same faults for the same arguments. `met` counts the places that others have had."""
    plan: list[StormFault] = []
    had = Counter(met)
    at_s = 0.0
    while (at_s := at_s + chance.uniform(*_PAUSES_S)) < seconds:
        kind = chance.choices([*WEIGHTS], [*WEIGHTS.values()])[0]
        lasts_s = round(chance.uniform(*_LASTS_S), 3)
        fault = StormFault(
            at_s=round(at_s, 3),
            kind=kind,
            worker=chance.randrange(100),
            lasts_s=lasts_s,
            nth=chance.randint(1, _NEXT_COMMANDS),
            error=ERRORS[chance.choice(_ERRORS)],
        )
        plan.append(_placed(fault, moments, had))
        had[plan[-1].place] += 1
        at_s += lasts_s if _stays(kind) else 0.0
    return plan


def places() -> Iterator[Place]:
    """All places at which a storm lets its faults land on the wire."""
    for kind in WEIGHTS:
        if kind in FAULTS.actions and kind not in _NOT_PLACED:
            yield from (
                (kind, moment, side) for moment in ("any", *_MOMENTS) for side in _sides(kind)
            )


def _sides(kind: str) -> list[Side]:
    return [side for side in FAULTS.action(kind).sides if side != "after-reply"]


def draw_told(chance: Random, seconds: float) -> list[StormFault]:
    """Signals that tell workers to leave; `nth` says how. Their chance is their own, so that a seed
    plans the other faults that it has always planned."""
    plan: list[StormFault] = []
    at_s = 0.0
    while (at_s := at_s + chance.uniform(*_TOLD_AFTER_S)) < seconds:
        plan.append(
            StormFault(
                at_s=round(at_s, 3),
                kind=chance.choice(_TOLD),
                worker=chance.randrange(100),
                lasts_s=0.0,
                nth=chance.randint(1, 3),
                error="",
            )
        )
    return plan


def _placed(fault: StormFault, moments: Sequence[str], met: Mapping[Place, int]) -> StormFault:
    """Give a fault on the wire a place, of those that were met least.

    Its chance is its own, so that a seed plans the faults that it has always planned.
    """
    if fault.kind not in FAULTS.actions or fault.kind in _NOT_PLACED:
        return fault
    chance = Random(f"{fault.at_s} {fault.kind} {fault.nth}")
    sides, placed = _sides(fault.kind), []
    for _ in range(_TRIES):
        moment = chance.choice(moments) if moments and chance.random() < 0.5 else "any"
        nth = fault.nth if moment == "any" else chance.randint(1, _NEXT_AT_MOMENT)
        placed.append(replace(fault, moment=moment, side=chance.choice(sides), nth=nth))
    return min(placed, key=lambda each: met.get(each.place, 0))
