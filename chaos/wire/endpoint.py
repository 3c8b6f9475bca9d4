"""All that the proxy knows about one process: its connections, its faults, its partitions."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from chaos.processes import Handle
from chaos.wire.fault import Direction, Injection, Tally
from chaos.wire.journal import Journal
from chaos.wire.peers import owners
from chaos.wire.upstream import Upstream, UpstreamProblem

if TYPE_CHECKING:
    from chaos.wire.connection import Link


class Host:
    """What every part of a proxy shares. Lives in the proxy's loop."""

    def __init__(self, upstream: Upstream, journal: Journal) -> None:
        self.upstream = upstream
        self.journal = journal
        self.absences = 0
        """How often the rig has taken the server away."""
        self.away = False
        """By the rig's doing it answers nobody at the moment. Set from any thread."""
        self.tasks: set[asyncio.Task[None]] = set()

    async def connect(self, protocol: Callable[[], asyncio.Protocol]) -> bool:
        """Open a connection to the server; whether that was possible.

        Where it was not, and the server has not been away meanwhile, the rig is in the way.
        """
        away, absences = self.away, self.absences
        try:
            await self.upstream.connect(protocol)
        except UpstreamProblem as problem:
            if not away and absences == self.absences:
                self.journal.obstructed(problem)
            return False
        return True

    def spawn(self, work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        """Run something beside the rest. What it raises is put into the history."""
        task = asyncio.get_running_loop().create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: "asyncio.Task[None]") -> None:
        self.tasks.discard(task)
        problem = None if task.cancelled() else task.exception()
        if problem is not None:
            self.journal.broke(problem)


@dataclass(slots=True)
class _Hold:
    direction: Direction
    healed: Callable[[], object]


@dataclass(slots=True, eq=False)
class Channel:
    """One process, whatever number of connections it has, through restarts. For the loop."""

    name: str
    host: Host
    victim: Handle | None = None
    """The process that was attached. Those that it has started share its connections."""
    links: "set[Link]" = field(default_factory=set)
    injections: list[Injection] = field(default_factory=list)
    """Faults that wait for their command. One for any process is in the list of each."""
    tallies: list[Tally] = field(default_factory=list)
    up_gate: asyncio.Event = field(default_factory=asyncio.Event)
    down_gate: asyncio.Event = field(default_factory=asyncio.Event)
    _holds: dict[str, _Hold] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.up_gate.set()
        self.down_gate.set()

    def due(self, argv: list[bytes]) -> Sequence[Injection]:
        """Count a command; the faults that are meant for this one."""
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
            self.host.journal.broke(problem)
        return due

    def hold(self, key: str, direction: Direction, healed: Callable[[], object]) -> None:
        """Let nothing pass in that direction until the hold with this key is lifted."""
        self._holds[key] = _Hold(direction, healed)
        self._set_gates()

    def lift(self, key: str) -> None:
        """End one hold, if it is still there."""
        hold = self._holds.pop(key, None)
        if hold is None:
            return
        hold.healed()
        self._set_gates()

    def heal(self) -> int:
        """End all holds; how many there were."""
        keys = list(self._holds)
        for key in keys:
            self.lift(key)
        return len(keys)

    def _set_gates(self) -> None:
        directions = {hold.direction for hold in self._holds.values()}
        for gate, direction in ((self.up_gate, "up"), (self.down_gate, "down")):
            if direction in directions or "both" in directions:
                gate.clear()
            else:
                gate.set()
        for link in list(self.links):
            link.pump()

    async def find_owners(self) -> None:
        """Find out which process holds each connection, where that is not known yet."""
        links = {link.ends: link for link in self.links if link.owner is None}
        if self.victim is None or not links:
            return
        loop = asyncio.get_running_loop()
        found = await loop.run_in_executor(None, owners, self.victim, list(links))
        for ends, owner in found.items():
            links[ends].owner = owner

    def quiet(self, pid: int | None = None) -> bool:
        """Whether nothing of this process can reach the server or happen there any more, unless
        it lives and sends something new. With `pid`: nothing of this one in a fleet."""
        if pid is None:
            return all(self._is_quiet(link, link.owner or self.victim) for link in self.links)
        known = [(link, link.owner) for link in self.links if link.owner is not None]
        return all(self._is_quiet(link, owner) for link, owner in known if owner.pid == pid)

    def _is_quiet(self, link: "Link", owner: Handle | None) -> bool:
        # What a process wrote before it died may not have been read yet. Its link goes once that is
        # read to the end and the server owes it nothing.
        return link.quiet and (owner is None or owner.alive)
