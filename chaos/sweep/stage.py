"""One slot of the sweep: a database of its own, on which cells are played one after the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Protocol

from chaos.processes import Forked, ForkServer
from chaos.rig.lag import Clockwork
from chaos.rig.options import BadOption
from chaos.rig.unseen import Fate, Unseen
from chaos.servers import Server
from chaos.sweep.life import PATIENT, SETTINGS
from chaos.sweep.starts import Starts
from chaos.targets import Inspector, Producer, Target, WorkerSpec
from chaos.wire import WireProxy


class Programs(Protocol):
    """Another way to start a target's programs than the sweep's own fork server."""

    def fork(self, forked: Forked, spec: WorkerSpec, log: Path) -> None:
        """Let a worker begin. Raises ForkServerGone."""

    def producer(self, url: str) -> Producer | None:
        """A connection that enqueues; None where the target has one of its own."""


class Stage:
    """The stage on which cells are played. For one thread only.

    Raises `BadOption` for a target that has no inspector and whose handlers do not ask: a cell
    begins on an empty database, and ends when nothing is left to do.
    """

    def __init__(
        self,
        target: Target,
        server: Server,
        url: str,
        fork_server: ForkServer,
        starts: Starts,
        clockwork: Clockwork,
    ) -> None:
        inspector = target.inspector(url, SETTINGS) if target.inspector else None
        blind = Unseen(url, target.asks) if target.asks else None
        if inspector is None and blind is None:
            raise BadOption(
                f"the sweep needs a target with an inspector, or one whose handlers ask the rig,"
                f" and {target.name} is neither"
            )
        self.target = target
        self.server = server
        #: Of the database of this server that is its own.
        self.url = url
        self.fork_server = fork_server
        #: Shared by all stages.
        self.starts = starts
        self.clockwork = clockwork
        self.warm: Programs | None = None
        #: Looks into the store, where the target has a way.
        self.inspector = inspector
        self._blind = blind

    @cached_property
    def producer(self) -> Producer:
        """Made when a cell is played here: it may be a program, which takes memory."""
        warm = self.warm.producer(self.url) if self.warm is not None else None
        return warm or self.target.producer(self.url, PATIENT)

    def check(self) -> None:
        """Raise `WireProxyError` or `ServerProblem` if cells could not reach the server here."""
        with WireProxy(self.url, lambda *_, **__: None) as proxy:
            proxy.check()

    @property
    def seer(self) -> Inspector | Unseen:
        """The inspector, or what stands in for it."""
        seer = self.inspector or self._blind
        assert seer is not None
        return seer

    def backlog(self, jobs: Sequence[str]) -> int:
        """How many jobs are left to do; `jobs` are all that the cell knows of."""
        if self.inspector is not None:
            return self.inspector.backlog()
        assert self._blind is not None
        return len(self._blind.left(jobs))

    def fates(self, jobs: Sequence[str]) -> Mapping[str, Fate]:
        """What became of each job in the end, where nobody can look into the store."""
        return self._blind.fates(jobs) if self._blind is not None else {}

    def clean(self) -> None:
        """Empty the database. A program that enqueues goes: what it has made there once, when it
        began, as a consumer group, the next one has to make again."""
        if self.target.asks is not None:
            self._end_producer()
        self.seer.clean()

    def close(self) -> None:
        self._end_producer()
        self.seer.clean()
        self.seer.close()

    def _end_producer(self) -> None:
        if (producer := self.__dict__.pop("producer", None)) is not None:
            producer.close()
