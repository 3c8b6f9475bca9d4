"""Faults on the wire: what one must say of itself, and what it may do at its command."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol, get_args

from chaos.errors import ChaosError
from chaos.faults.kind import FaultKind

if TYPE_CHECKING:
    from chaos.processes import Handle

Side = Literal["before-send", "before-reply", "after-reply"]
SIDES: tuple[Side, ...] = get_args(Side)
Direction = Literal["up", "down", "both"]
"""Up is towards the server."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The fate of the command or the reply that the fault came before."""

    answer: bytes | None = None
    """Deliver this in place of the server's reply."""
    pieces: int | None = None
    """Pass it on in this many pieces, a millisecond apart; 0: in single bytes, of which there are
    500 at most: the rest follows at once."""


PASS = Outcome()
DROP = Outcome(answer=b"")
"""Do not pass it on; the connection has been cut. Compare with `is`."""


class CannotLand(ChaosError):
    """The fault's moment has come, and it is impossible. The message becomes the reason in the
    history."""


class Parameters(Protocol):
    """The fields of a planned fault that an action may ask for (`chaos.faults.WireFault`)."""

    @property
    def for_ms(self) -> int | None: ...

    @property
    def then(self) -> Literal["forward", "hold"]: ...

    @property
    def direction(self) -> Direction: ...

    @property
    def error(self) -> str | None: ...

    @property
    def pieces(self) -> int | None: ...


class Site(Protocol):
    """A fault's meeting with its command: everything that an action may see and do there.

    An action runs in the proxy's loop and must not block it.
    """

    @property
    def fault(self) -> Parameters:
        """The fault as it was planned."""

    async def process(self) -> Handle:
        """The process that sent the command. Raises CannotLand when it is gone."""

    def landed(self) -> None:
        """Note that the fault has landed: now, and on this process."""

    def healed(self) -> None:
        """Note that what the fault did has been undone."""

    def heals_when_passed(self) -> None:
        """Note that the fault is over as soon as what it came before has been passed on, or never
        will be."""

    def cut(self, *, reset: bool) -> Outcome:
        """Close the client's connection, by a reset or in an orderly way. What the fault came
        before is dropped; return this outcome."""

    def stalled(self) -> AbstractContextManager[None]:
        """Nothing passes on this connection within the `with` block."""

    def hold(self, direction: Direction) -> None:
        """Let nothing pass on any connection of the process, until `release` or `heal`; its end is
        noted. Nothing is closed, lost or re-ordered."""

    def release(self) -> None:
        """End the `hold` of this fault, if it is still there."""

    def beside(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run something that goes on after the action has returned."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WireAction(FaultKind):
    """A fault that lands at one command of a process.

    `inject` carries it out: it calls `Site.landed` once it has happened, and returns what becomes
    of the command or the reply. It may raise CannotLand; then the fault has missed, and the command
    goes on as if there had been none.
    """

    inject: Callable[[Site], Awaitable[Outcome]]
    end: Callable[[Site], Awaitable[object]] | None = None
    """Ends one that lasts, before its time (`Injection.heal`)."""
    sides: tuple[Side, ...] = SIDES
    """The sides of a command on which it makes sense."""
    needs: tuple[str, ...] = ()
    """Fields of `WireFault` that must be given."""
    takes: tuple[str, ...] = ()
    """Fields of `WireFault` that may be given."""
    whole_listener: bool = False
    """True if it hits all who share the listener of a fleet, and not the sender alone."""
    swept: tuple[Side, ...] = ("before-send", "before-reply")
    """The sides on which the sweep tries it, of those on which it makes sense."""
    swept_with: Callable[[int], Mapping[str, Any]] = lambda turn: {}
    """Fields of `WireFault` for the sweep, by a number that differs from boundary to boundary."""

    @property
    def swept_sides(self) -> tuple[Side, ...]:
        return tuple(side for side in self.sides if side in self.swept)
