"""Faults of the server: what one must say of itself, and what it may do."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

from chaos.faults.kind import FaultKind

Ask = Callable[..., Any]
"""Sends one command: its words, and the answer."""


class ServerSite(Protocol):
    """The server of a run: everything that a fault of it may see and do.

    Whether the server is down or up is noted by these methods. Each returns when its effect is
    there, and raises ServerProblem when it cannot be had.
    """

    @property
    def durable(self) -> bool:
        """True if everything that it has answered is on the disk."""

    def stop(self) -> None:
        """Shut it down in an orderly way."""

    def kill(self) -> None:
        """SIGKILL."""

    def start(self, how: Callable[[], None] | None = None) -> None:
        """Start it again where it was, with what it had stored; or let `how` put another server in
        its place."""

    def pause(self) -> None:
        """Make its process stand still. Connections stay open."""

    def resume(self) -> None:
        """Undo `pause`."""

    def step_clock(self, seconds: float) -> None:
        """Step its clock for good: forwards or, with less than 0, back."""

    def asking(self, timeout_s: float = 5.0) -> AbstractContextManager[Ask]:
        """Send commands to it on one connection, past the wire proxy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerFault(FaultKind):
    """A fault of the server. It has `during` or `once`.

    Both get the site and the parameters that the scenario gives.
    """

    before: Callable[[ServerSite], None] | None = None
    """Prepares it, before it is noted."""
    during: Callable[..., AbstractContextManager[None]] | None = None
    """A `with` block in which it goes on."""
    once: Callable[..., int | None] | None = None
    """Carries it out; it is over when this returns. May return how many were hit."""
    silent: bool = False
    """The server answers nobody meanwhile, so the rig must not ask it."""
    takes_down: bool = False
    """The server is down meanwhile."""
    steps_clock: bool = False
    """Due times and expiries by the server's clock come early or late."""
    form: Callable[[ServerSite, Mapping[str, Any]], str] | None = None
    """The name under which it goes into the history, where that depends on the server or on the
    parameters."""


@contextmanager
def configured(site: ServerSite, settings: Mapping[str, str]) -> Iterator[Ask]:
    """Give settings of the server other values, and later their old ones again."""
    with site.asking() as ask:
        before = {name: ask("CONFIG GET", name)[name] for name in settings}
        for name, value in settings.items():
            ask("CONFIG", "SET", name, value)
        yield ask
        for name, value in before.items():
            ask("CONFIG", "SET", name, value)
