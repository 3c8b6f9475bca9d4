"""The server of a run, as a scenario torments it. Everything goes into the history.

The faults are those of `chaos.faults.server`, by their names: for what lasts,
`with rig.redis.during("server-stop"):`, and for the rest `rig.redis.once("server-scripts")`.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

from chaos.faults import FAULTS, FaultProblem, ServerFault
from chaos.faults.server_fault import Ask
from chaos.history import Write
from chaos.history.events import FaultBegun, FaultHealed, FaultLanded, ServerDown, ServerUp
from chaos.rig.progress import Progress
from chaos.rig.seen import Seen
from chaos.rig.wire import Wire
from chaos.servers import Durability, Server, ServerClock


class RedisFaults:
    """The faults that a scenario can do to the server of its run."""

    def __init__(
        self,
        server: Server,
        durability: Durability,
        clock: ServerClock | None,
        wire: Wire,
        seen: Seen,
        record: Write,
        progress: Progress,
    ) -> None:
        self._site = RunServer(server, durability, clock, record)
        self._wire = wire
        self._seen = seen
        self._record = record
        self._progress = progress
        self._numbers = itertools.count(1)

    @contextmanager
    def during(self, name: str, **parameters: Any) -> Iterator[None]:
        """Let this fault last as long as the block. Raises FaultProblem if it is none that does."""
        kind = FAULTS.server(name)
        if kind.during is None:
            raise FaultProblem(f"{name} does not last; use `once`")
        with self._begun(kind, parameters) as about:
            failure: BaseException | None = None
            with kind.during(self._site, **parameters):
                self._record(FaultLanded(**about))
                try:
                    yield
                except BaseException as error:  # noqa: BLE001 - raised when the fault is undone
                    failure = error
            self._record(FaultHealed(**about))
            if failure is not None:
                raise failure

    def once(self, name: str, **parameters: Any) -> int | None:
        """Carry this fault out. May return how many it hit. Raises FaultProblem if it is one that
        lasts."""
        kind = FAULTS.server(name)
        if kind.once is None:
            raise FaultProblem(f"{name} lasts; use `during`")
        with self._begun(kind, parameters) as about:
            hit = kind.once(self._site, **parameters)
            self._record(FaultLanded(**about))
            self._record(FaultHealed(**about))
            return hit

    def set(self, name: str, value: str) -> None:
        """Change a setting. No fault."""
        with self._site.asking() as ask:
            ask("CONFIG", "SET", name, value)

    @contextmanager
    def _begun(self, kind: ServerFault, parameters: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """Note that a fault is about to be carried out in the block; gives what its events tell."""
        name = kind.form(self._site, parameters) if kind.form else kind.name
        about: dict[str, Any] = {
            "fault": f"redis-{next(self._numbers):03d}",
            "kind": name,
            "target": "server",
            "phase": "under load",
        }
        self._progress.say(f"{name} begins")
        self._silence(kind.silent)
        self._record(FaultBegun(**about))
        try:
            if kind.before is not None:
                kind.before(self._site)
            yield about
        finally:
            self._silence(False)
        self._progress.say(f"{name} is over")

    def _silence(self, silent: bool) -> None:
        """Note that the rig has silenced the server, or that the server answers again."""
        self._seen.blind = silent
        self._wire.server_is_away(silent)


class RunServer:
    """The server, for a fault of it. A `chaos.faults.ServerSite`."""

    def __init__(
        self, server: Server, durability: Durability, clock: ServerClock | None, record: Write
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
        self._record(ServerDown())

    def kill(self) -> None:
        self._server.kill()
        self._record(ServerDown())

    def start(self, how: Callable[[], None] | None = None) -> None:
        (how or self._server.start)()
        self._record(ServerUp())

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
