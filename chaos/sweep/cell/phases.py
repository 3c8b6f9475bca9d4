"""How far the job of a cell has come, by the transitions that the wire has seen."""

from __future__ import annotations

import math

from chaos.sweep.life import Victim

#: The state of a job after a transition that the store accepted.
_PHASES = {
    "enqueue": "queued",
    "claim": "held",
    "refresh": "held",
    "finish": "completed",
    "retry": "waiting for a retry",
    "release": "handed back",
    "bury": "dead-lettered",
    "takeback": "taken back",
    "requeue": "requeued",
}


class Phases:
    """The phases of a job, one after each transition; of several jobs, the last one that moved."""

    def __init__(self, victim: Victim) -> None:
        """`victim` is the process that the fault hits: what it finds tells the first phase."""
        self._first = {"worker": "queued", "operator": "dead-lettered"}.get(victim, "new")
        self._transitions: list[tuple[int, str]] = []

    def add(self, t: int, op: str) -> None:
        """The store has accepted a transition at this time."""
        self._transitions.append((t, op))

    def at(self, t: float = math.inf) -> str:
        """How far the job had come by a time; by now, if none is given."""
        done = [op for at, op in self._transitions if at <= t and op in _PHASES]
        return _PHASES[done[-1]] if done else self._first
