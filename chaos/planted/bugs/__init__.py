"""The catalogue: every planted bug, and the safeguards that may go alone but not together."""

from __future__ import annotations

from chaos.errors import ChaosError
from chaos.planted.bugs import (
    ablations,
    claims,
    drains,
    ends,
    enqueues,
    farewells,
    fleets,
    growth,
    leases,
    leaving,
    lives,
    locks,
    matrix,
    orders,
    parents,
    payloads,
    producers,
    retries,
    services,
    slots,
    states,
    stored,
)
from chaos.planted.bugs.bug import Ablation, Bug
from chaos.planted.edit import Edit

#: Those with a scenario of their own, then those that the default programme has to find.
PARTS = (
    *(enqueues, claims, locks, ends, stored, lives, drains, leaving, fleets, services, growth),
    *(matrix, producers, payloads, orders, retries, states, leases, slots, farewells, parents),
)
BUGS: dict[str, Bug] = {bug.name: bug for part in PARTS for bug in part.BUGS}
ABLATIONS: tuple[Ablation, ...] = ablations.ABLATIONS


class UnknownBug(ChaosError, AttributeError):
    """There is no bug of this name."""


def edits_of(names: str) -> tuple[Edit, ...]:
    """All edits of one bug or safeguard, or of several joined by `+`. Raises `UnknownBug`."""
    removable = {name: edits for one in ABLATIONS for name, edits in one.removed.items()}
    known = {name: bug.edits for name, bug in BUGS.items()} | removable
    edits: list[Edit] = []
    for name in names.split("+"):
        if name not in known:
            raise UnknownBug(f"no bug is named {name!r}; give {', '.join(known)}")
        edits += known[name]
    return tuple(edits)


__all__ = ["ABLATIONS", "BUGS", "PARTS", "Ablation", "Bug", "UnknownBug", "edits_of"]
