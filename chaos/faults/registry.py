"""All kinds of faults, found in the modules of `actions/` and `server/`."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from functools import cached_property
from signal import Signals

from chaos.errors import ChaosError
from chaos.faults import actions, server
from chaos.faults.action import WireAction
from chaos.faults.kind import FaultKind
from chaos.faults.server_fault import ServerFault


class FaultProblem(ChaosError, ValueError):
    """There is no such fault, it cannot be done like this, or two have one name."""


class Registry:
    """Kinds of faults by their name, in the order of names. Modules are read at the first look."""

    @cached_property
    def _kinds(self) -> dict[str, FaultKind]:
        found: dict[str, FaultKind] = {}
        taken: dict[str, str] = {}
        for module, kind in sorted(_found(), key=lambda pair: pair[1].name):
            for name in (kind.name, *kind.former):
                if name in taken:
                    raise FaultProblem(
                        f"two faults are named {name}: one in {taken[name]}, one in {module}"
                    )
                taken[name] = module
            found[kind.name] = kind
        return found

    def __iter__(self) -> Iterator[FaultKind]:
        return iter(self._kinds.values())

    def __contains__(self, name: object) -> bool:
        return name in self._kinds

    def __getitem__(self, name: str) -> FaultKind:
        """The fault of this name. Raises FaultProblem, which knows former names too."""
        kind = self._kinds.get(name)
        if kind is not None:
            return kind
        for other in self:
            if name in other.former:
                raise FaultProblem(f"the fault {name!r} is now called {other.name}")
        raise FaultProblem(f"no fault is named {name!r}; there are {', '.join(self._kinds)}")

    @property
    def actions(self) -> dict[str, WireAction]:
        """The faults on the wire."""
        return {kind.name: kind for kind in self if isinstance(kind, WireAction)}

    @property
    def of_server(self) -> dict[str, ServerFault]:
        """The faults of the server."""
        return {kind.name: kind for kind in self if isinstance(kind, ServerFault)}

    def action(self, name: str) -> WireAction:
        """A fault on the wire. Raises FaultProblem."""
        kind = self[name]
        if not isinstance(kind, WireAction):
            raise FaultProblem(
                f"{name} is no fault on the wire; those are {', '.join(self.actions)}"
            )
        return kind

    def server(self, name: str) -> ServerFault:
        """A fault of the server. Raises FaultProblem."""
        kind = self[name]
        if not isinstance(kind, ServerFault):
            raise FaultProblem(
                f"{name} is no fault of the server; those are {', '.join(self.of_server)}"
            )
        return kind

    def by_signal(self, number: Signals) -> FaultKind:
        """The fault that this signal is. Raises FaultProblem."""
        for kind in self:
            if kind.signal == number:
                return kind
        raise FaultProblem(f"{number.name} is no fault")


def _found() -> Iterator[tuple[str, FaultKind]]:
    """Each kind of fault, with the module that makes it."""
    seen: set[int] = set()
    for package in (actions, server):
        for info in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
            for value in vars(importlib.import_module(info.name)).values():
                # A module may import the fault of another, to share how it is carried out.
                if isinstance(value, FaultKind) and id(value) not in seen:
                    seen.add(id(value))
                    yield info.name, value


FAULTS = Registry()
