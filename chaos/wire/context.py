"""The parts that a proxy shares: the way to the server, the journal, the tasks beside."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from chaos.wire.journal import Journal
from chaos.wire.upstream import Upstream, UpstreamProblem


class ProxyContext:
    """Lives in the proxy's loop."""

    def __init__(self, upstream: Upstream, journal: Journal) -> None:
        self.upstream = upstream
        self.journal = journal
        self.absences = 0
        """The number of times that the rig has taken the server away."""
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
