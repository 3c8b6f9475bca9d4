"""A fault at its command: what an action may see and do there, and how it is carried out."""

import asyncio
from collections.abc import Coroutine, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, Protocol

from chaos.faults import FAULTS, Direction, Injection, WireFault
from chaos.faults.action import DROP, PASS, CannotLand, Outcome
from chaos.processes import Descendant, Handle
from chaos.wire.endpoint import Connected, Endpoint
from chaos.wire.exchange import Exchange
from chaos.wire.flow import Flow


class Faulty(Connected, Protocol):
    """A connection on which a fault has met its command."""

    @property
    def endpoint(self) -> Endpoint: ...

    @property
    def up(self) -> Flow[Any]: ...

    @property
    def down(self) -> Flow[Any]: ...


class Site:
    """A fault's meeting with its command: a `chaos.faults.action.Site`.

    `passed` is left when what the fault came before has been passed on, or dropped.
    """

    def __init__(
        self, injection: Injection, connection: Faulty, exchange: Exchange, passed: ExitStack
    ) -> None:
        self._injection = injection
        self._passed = passed
        self._connection = connection
        self._exchange = exchange
        self._endpoint = connection.endpoint
        self._journal = connection.endpoint.context.journal
        self._kind = FAULTS.action(injection.fault.action)

    @property
    def fault(self) -> WireFault:
        return self._injection.fault

    async def process(self) -> Handle:
        if self._endpoint.process is None:
            raise CannotLand(f"no process is attached to {self._endpoint.name}")
        await self._endpoint.find_peers()
        if self._connection.peer is None:
            raise CannotLand("the process had already ended, or closed this connection")
        return self._connection.peer

    def landed(self) -> None:
        peer = self._connection.peer
        pid = None if peer is None else peer.pid
        self._injection.end = self._end
        self._journal.landed(self._injection, self._exchange, self._name, pid)

    def healed(self) -> None:
        self._journal.healed(self.fault, self._name)

    def heals_when_passed(self) -> None:
        self._passed.callback(self.healed)

    def cut(self, *, reset: bool) -> Outcome:
        self._connection.cut(reset=reset)
        return DROP

    @contextmanager
    def stalled(self) -> Iterator[None]:
        flows = (self._connection.up, self._connection.down)
        for flow in flows:
            flow.stall()
        try:
            yield
        finally:
            for flow in flows:
                flow.unstall()

    def hold(self, direction: Direction) -> None:
        self._endpoint.hold(self.fault.id, direction, self.healed)

    def release(self) -> None:
        self._endpoint.release(self.fault.id)

    def beside(self, work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        return self._endpoint.context.spawn(work)

    async def inject(self) -> Outcome:
        """Carry the fault out, and wait until it is. Never raises: a fault that cannot land is put
        down as missed, and the command goes on as if there had been none."""
        self._journal.begun(self.fault, self._endpoint.name)
        try:
            return await self._kind.inject(self)
        except Exception as problem:  # noqa: BLE001 - whatever the process's handle raises
            if self._injection.landed:
                self._journal.broke(problem)
            else:
                self._journal.missed(self._injection, str(problem) or repr(problem))
            return PASS

    async def _end(self) -> None:
        if self._kind.end is not None:
            await self._kind.end(self)

    @property
    def _name(self) -> str:
        """Of the process that is hit; a fleet's worker has its process id after the fleet's."""
        peer, name = self._connection.peer, self._endpoint.name
        alone = isinstance(peer, Descendant) and not self._kind.whole_listener
        return f"{name}.{peer.pid}" if peer is not None and alone else name
