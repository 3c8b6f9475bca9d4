"""Shows the world that a worker is alive. Nothing is decided by it: without it no job is lost."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from .clock import Clock
from .errors import StoreError
from .settings import Settings
from .store import WorkerStore
from .trouble import Trouble


class Heartbeat:
    """Writes the health key every interval; its TTL is the interval and some slack."""

    def __init__(
        self,
        store: WorkerStore,
        settings: Settings,
        report: Callable[[], dict[str, Any]],
        *,
        clock: Clock,
        trouble: Trouble,
    ) -> None:
        self._store = store
        self._interval_s = settings.heartbeat_interval_ms / 1000
        self._report = report
        self._clock = clock
        self._trouble = trouble
        self._never = asyncio.Event()

    async def run(self) -> None:
        """Beat until cancelled."""
        while True:
            try:
                await self._store.heartbeat(self._report())
            except StoreError as error:
                await self._trouble.wait(error, self._never)
            else:
                self._trouble.over()
                await self._clock.wait(self._never, self._interval_s)
