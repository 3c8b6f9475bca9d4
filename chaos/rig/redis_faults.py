"""Faults of the server itself, done by the rig and put into the history.

Each is a `with` block within which it lasts, or a single stroke. Their kinds begin with `server-`.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

from chaos.history import Write
from chaos.history.events import FaultHealed, FaultLanded, ServerDown, ServerUp
from chaos.rig.progress import Progress
from chaos.rig.workers import Crew
from chaos.servers import Durability, Server, ServerClock

#: Sends one command: its words, and the answer.
Ask = Callable[..., Any]


class RedisFaults:
    """What a scenario can do to the server of its run."""

    def __init__(
        self,
        server: Server,
        durability: Durability,
        clock: ServerClock | None,
        crew: Crew,
        write: Write,
        progress: Progress,
    ) -> None:
        self._server = server
        self._durable = durability == "always"
        self._clock = clock
        self._crew = crew
        self._write = write
        self._progress = progress
        self._numbers = itertools.count(1)

    # Nobody answers

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """Shut down in an orderly way, and started again where it was."""
        with self._lasting("server-stop", silent=True):
            yield from self._down(self._server.stop)

    @contextmanager
    def killed(self) -> Iterator[None]:
        """SIGKILL, and started again with what it had stored."""
        # With `always` it answers only when what it did is stored: nothing answered is forgotten.
        kind = "server-kill-durable" if self._durable else "server-kill"
        with self._lasting(kind, silent=True):
            yield from self._down(self._server.kill)

    def _down(self, end: Callable[[], None]) -> Iterator[None]:
        end()
        self._write(ServerDown())
        yield
        self._server.start()
        self._write(ServerUp())

    def replaced(self, take_over: Callable[[], None]) -> None:
        """SIGKILL, and another server takes its place: `take_over` returns when that answers."""
        with self._lasting("server-failover", silent=True):
            self._server.kill()
            self._write(ServerDown())
            take_over()
            self._write(ServerUp())

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Its process stands still; all connections stay open."""
        with self._lasting("server-pause", silent=True):
            self._server.pause()
            yield
            self._server.resume()

    def sleeps(self, seconds: float) -> None:
        """A command keeps it busy for so long, as a slow script does."""
        with self._lasting("server-delay", silent=True), self._asking(seconds + 5) as ask:
            ask("DEBUG", "SLEEP", seconds)

    # Its clock

    @contextmanager
    def clock_stepped(self, seconds: float) -> Iterator[None]:
        """Step its clock for good. The block is the time in which that may be felt."""
        assert self._clock is not None, "the scenario must ask for a server with its own clock"
        with self._lasting("server-clock"):
            self._clock.step(seconds)
            yield

    # It answers with errors

    @contextmanager
    def out_of_memory(self, policy: str = "noeviction", kept: float = 0.0) -> Iterator[None]:
        """It may use no more than `kept` of what it uses now, and does what its policy says.

        That is to refuse what needs memory, or to throw keys away; then it may be in need again.
        """
        # Keys that have a time to live are gone one day anyway.
        kind = "server-evict" if policy.startswith("allkeys") else "server-fill"
        with self._asking() as ask:
            limit = max(1, int(ask("INFO", "memory")["used_memory"] * kept))
        settings = {"maxmemory-policy": policy, "maxmemory": str(limit)}
        with self._configured(kind, settings):
            yield

    @contextmanager
    def read_only(self) -> Iterator[None]:
        """It believes to be the replica of a primary that is gone, as after a failover."""
        with self._lasting("server-readonly"), self._asking() as ask:
            ask("REPLICAOF", "127.0.0.1", "1")
            yield
            ask("REPLICAOF", "NO", "ONE")

    @contextmanager
    def without_replicas(self) -> Iterator[None]:
        """It misses the replicas without which it was told not to write."""
        with self._configured("server-readonly", {"min-replicas-to-write": "1"}):
            yield

    @contextmanager
    def crowded(self) -> Iterator[None]:
        """Everybody is disconnected, and not one connection is let in any more."""
        with self._configured("server-crowd", {"maxclients": "1"}, silent=True) as ask:
            ask("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
            yield

    # Single strokes

    def forgets_scripts(self) -> None:
        """SCRIPT FLUSH."""
        with self._lasting("server-scripts"), self._asking() as ask:
            ask("SCRIPT", "FLUSH")

    def drops_clients(self) -> int:
        """Close all connections, the rig's own too; how many there were."""
        with self._lasting("server-clients"), self._asking() as ask:
            return int(ask("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"))

    def set(self, name: str, value: str) -> None:
        """Change a setting. No fault."""
        with self._asking() as ask:
            ask("CONFIG", "SET", name, value)

    # How

    @contextmanager
    def _configured(
        self, kind: str, settings: dict[str, str], *, silent: bool = False
    ) -> Iterator[Ask]:
        with self._lasting(kind, silent=silent), self._asking() as ask:
            before = {name: ask("CONFIG GET", name)[name] for name in settings}
            for name, value in settings.items():
                ask("CONFIG", "SET", name, value)
            yield ask
            for name, value in before.items():
                ask("CONFIG", "SET", name, value)

    @contextmanager
    def _lasting(self, kind: str, *, silent: bool = False) -> Iterator[None]:
        """Put the fault into the history; `silent`: the rig must ask nothing meanwhile."""
        about: dict[str, Any] = {
            "fault": f"redis-{next(self._numbers):03d}",
            "kind": kind,
            "target": "server",
            "phase": "under load",
        }
        self._progress.say(f"{kind} begins")
        self._crew.blind = silent
        self._write(FaultLanded(**about))
        yield
        self._write(FaultHealed(**about))
        self._crew.blind = False
        self._progress.say(f"{kind} is over")

    @contextmanager
    def _asking(self, timeout_s: float = 5.0) -> Iterator[Ask]:
        """Commands to the server on one connection of the rig's own."""
        with closing(self._server.client(timeout_s=timeout_s)) as client:
            any_client: Any = client  # redis-py gives execute_command no types
            yield any_client.execute_command
