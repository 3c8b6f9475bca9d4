"""The server of a run, as a scenario torments it. Everything goes into the history.

The faults are those of `chaos.faults.server`, by their names: for what lasts,
`with rig.redis.during("server-stop"):`, and for the rest `rig.redis.once("server-scripts")`.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from typing import Any

from chaos.faults import FAULTS, FaultProblem, ServerFault
from chaos.faults.server_fault import Ask
from chaos.rig.progress import Progress
from chaos.rig.workers import Crew
from chaos.servers import Durability, Server, ServerClock


class RedisFaults:
    """What a scenario can do to the server of its run."""

    def __init__(
        self,
        server: Server,
        durability: Durability,
        clock: ServerClock | None,
        crew: Crew,
        record: Callable[..., None],
        progress: Progress,
    ) -> None:
        self._site = RunServer(server, durability, clock, record)
        self._crew = crew
        self._record = record
        self._progress = progress
        self._numbers = itertools.count(1)

    @contextmanager
    def during(self, name: str, **parameters: Any) -> Iterator[None]:
        """Let this fault last as long as the block. Raises FaultProblem if it is none that does."""
        kind = FAULTS.server(name)
        if kind.during is None:
            raise FaultProblem(f"{name} does not last; use `once`")
        with self._noted(kind, parameters), kind.during(self._site, **parameters):
            yield

    def once(self, name: str, **parameters: Any) -> int | None:
        """Carry this fault out. May return how many it hit. Raises FaultProblem if it is one that
        lasts."""
        kind = FAULTS.server(name)
        if kind.once is None:
            raise FaultProblem(f"{name} lasts; use `during`")
        with self._noted(kind, parameters):
            return kind.once(self._site, **parameters)

    # The same by other names, until the scenarios have moved.

    def stopped(self) -> AbstractContextManager[None]:
        return self.during("server-stop")

    def killed(self) -> AbstractContextManager[None]:
        return self.during("server-kill")

    def replaced(self, take_over: Callable[[], None]) -> None:
        self.once("server-failover", take_over=take_over)

    def paused(self) -> AbstractContextManager[None]:
        return self.during("server-pause")

    def sleeps(self, seconds: float) -> None:
        self.once("server-delay", seconds=seconds)

    def clock_stepped(self, seconds: float) -> AbstractContextManager[None]:
        return self.during("server-clock", seconds=seconds)

    def out_of_memory(
        self, policy: str = "noeviction", kept: float = 0.0
    ) -> AbstractContextManager[None]:
        return self.during("server-fill", policy=policy, kept=kept)

    def read_only(self) -> AbstractContextManager[None]:
        return self.during("server-readonly")

    def without_replicas(self) -> AbstractContextManager[None]:
        return self.during("server-readonly", reason="alone")

    def crowded(self) -> AbstractContextManager[None]:
        return self.during("server-crowd")

    def forgets_scripts(self) -> None:
        self.once("server-scripts")

    def drops_clients(self) -> None:
        self.once("server-clients")

    def set(self, name: str, value: str) -> None:
        """Change a setting. No fault."""
        with self._site.asking() as ask:
            ask("CONFIG", "SET", name, value)

    @contextmanager
    def _noted(self, kind: ServerFault, parameters: dict[str, Any]) -> Iterator[None]:
        name = kind.form(self._site, parameters) if kind.form else kind.name
        about = {"fault": f"redis-{next(self._numbers):03d}", "kind": name, "target": "server"}
        self._progress.say(f"{name} begins")
        self._crew.blind = kind.silent
        self._record("fault", event="landed", phase="under load", **about)
        yield
        self._record("fault", event="healed", phase="under load", **about)
        self._crew.blind = False
        self._progress.say(f"{name} is over")


class RunServer:
    """The server, for a fault of it. A `chaos.faults.ServerSite`."""

    def __init__(
        self,
        server: Server,
        durability: Durability,
        clock: ServerClock | None,
        record: Callable[..., None],
    ) -> None:
        self._server = server
        self._durability = durability
        self._clock = clock
        self._record = record

    @property
    def durable(self) -> bool:
        return self._durability == "always"

    def stop(self) -> None:
        self._server.stop()
        self._record("server", event="down")

    def kill(self) -> None:
        self._server.kill()
        self._record("server", event="down")

    def start(self, how: Callable[[], None] | None = None) -> None:
        (how or self._server.start)()
        self._record("server", event="up")

    def pause(self) -> None:
        self._server.pause()

    def resume(self) -> None:
        self._server.resume()

    def step_clock(self, seconds: float) -> None:
        assert self._clock is not None, "the scenario must ask for a server with its own clock"
        self._clock.step(seconds)

    @contextmanager
    def asking(self, timeout_s: float = 5.0) -> Iterator[Ask]:
        with closing(self._server.client(timeout_s=timeout_s)) as client:
            any_client: Any = client  # redis-py gives execute_command no types
            yield any_client.execute_command
