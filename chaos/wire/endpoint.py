"""One process, as the proxy knows it: its listener's connections, its faults, its partitions."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from chaos.faults import Direction, Injection
from chaos.processes import Handle
from chaos.wire.context import ProxyContext
from chaos.wire.peers import Ends, peers_of
from chaos.wire.tally import Tally


class Connected(Protocol):
    """A connection of the process, as its endpoint needs it."""

    peer: Handle | None
    """The process that holds it, once `Endpoint.find_peers` has found it."""

    @property
    def ends(self) -> Ends: ...

    @property
    def quiet(self) -> bool:
        """Nothing is at the server, on its way there, or waiting in the client's socket."""

    def pump(self) -> None:
        """Move on what may move: a gate has changed."""

    def cut(self, *, reset: bool) -> None:
        """Close it now. Commands not forwarded yet are dropped."""

    def abort(self) -> None:
        """Close it, and the one to the server behind it, now."""


@dataclass(slots=True)
class _Hold:
    direction: Direction
    healed: Callable[[], object]


@dataclass(slots=True, eq=False)
class Endpoint:
    """One process, whatever number of connections it has, through restarts. For the loop."""

    name: str
    context: ProxyContext
    process: Handle | None = None
    """The process that was attached. Those that it has started share its connections."""
    connections: set[Connected] = field(default_factory=set)
    injections: list[Injection] = field(default_factory=list)
    """Faults that wait for their command. One for any process is in the list of each."""
    tallies: list[Tally] = field(default_factory=list)
    up_gate: asyncio.Event = field(default_factory=asyncio.Event)
    down_gate: asyncio.Event = field(default_factory=asyncio.Event)
    commands: int = 0
    """How many have been counted; and how many connections have been opened."""
    connected: int = 0
    _holds: dict[str, _Hold] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.up_gate.set()
        self.down_gate.set()

    def due(self, argv: list[bytes]) -> Sequence[Injection]:
        """Count a command; the faults that are meant for this one."""
        self.commands += 1
        if not self.injections and not self.tallies:
            return ()
        due = []
        try:
            for tally in self.tallies:
                tally.sees(argv)
            due = [injection for injection in self.injections if injection.is_due(argv)]
            if due:
                self.injections = [injection for injection in self.injections if injection.waiting]
        except Exception as problem:  # noqa: BLE001 - one bad match must not cut the connection
            self.context.journal.broke(problem)
        return due

    def hold(self, key: str, direction: Direction, healed: Callable[[], object]) -> None:
        """Let nothing pass in that direction until the hold with this key is released."""
        self._holds[key] = _Hold(direction, healed)
        self._set_gates()

    def release(self, key: str) -> None:
        """End one hold, if it is still there."""
        hold = self._holds.pop(key, None)
        if hold is None:
            return
        self._set_gates()
        hold.healed()

    def heal(self) -> int:
        """End all holds; how many there were."""
        keys = list(self._holds)
        for key in keys:
            self.release(key)
        return len(keys)

    def _set_gates(self) -> None:
        directions = {hold.direction for hold in self._holds.values()}
        for gate, direction in ((self.up_gate, "up"), (self.down_gate, "down")):
            if direction in directions or "both" in directions:
                gate.clear()
            else:
                gate.set()
        for connection in list(self.connections):
            connection.pump()

    async def find_peers(self) -> None:
        """Find out which process holds each connection, where that is not known yet."""
        unknown = {each.ends: each for each in self.connections if each.peer is None}
        if self.process is None or not unknown:
            return
        if self.process.childless:  # then nobody need be looked for
            found: dict[Ends, Handle] = dict.fromkeys(unknown, self.process)
        else:
            loop = asyncio.get_running_loop()
            found = await loop.run_in_executor(None, peers_of, self.process, list(unknown))
        for ends, peer in found.items():
            unknown[ends].peer = peer

    def quiet(self, pid: int | None = None) -> bool:
        """True if nothing of this process can still reach the server or happen there, unless
        it lives and sends something new. With `pid`: nothing of this one in a fleet."""
        if pid is None:
            return all(_is_quiet(each, each.peer or self.process) for each in self.connections)
        known = [(each, each.peer) for each in self.connections if each.peer is not None]
        return all(_is_quiet(each, peer) for each, peer in known if peer.pid == pid)


def _is_quiet(connection: Connected, peer: Handle | None) -> bool:
    # What a process wrote before it died may not have been read yet. Its connection goes once that
    # is read to the end and the server owes it nothing.
    return connection.quiet and (peer is None or peer.alive)
