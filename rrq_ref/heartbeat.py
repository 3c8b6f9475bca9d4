"""Shows the world that a worker is alive. Nothing is decided by it: without it no job is lost."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .clock import World
from .errors import StoreError
from .store import WorkerStore
from .trouble import Trouble


class Heartbeat:
    """Writes the health key every interval; its TTL is the interval and some slack."""

    def __init__(
        self, world: World, store: WorkerStore, report: Callable[[], dict[str, Any]]
    ) -> None:
        self._world = world
        self._store = store
        self._report = report
        self._trouble = Trouble("the heartbeat", world)

    async def run(self) -> None:
        """Beat until cancelled."""
        while True:
            try:
                await self._store.heartbeat(self._report())
            except StoreError as error:
                await self._trouble.wait(error)
            else:
                self._trouble.over()
                await self._world.pause(self._world.settings.heartbeat_interval_ms / 1000)
