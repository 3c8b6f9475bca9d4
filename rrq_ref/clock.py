"""All that a worker knows of the world outside: time, chance, its settings, where to log."""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime
from random import Random
from typing import NamedTuple

from .logs import WorkerLog
from .settings import Settings


class Clock:
    """Time of the running event loop. A simulated clock overrides these four."""

    def monotonic(self) -> float:
        """Seconds; only differences mean anything."""
        return asyncio.get_running_loop().time()

    def utc(self) -> datetime:
        """Wall-clock time, for people to read: nothing is decided by it."""
        return datetime.now(UTC)

    def timeout(self, seconds: float | None) -> asyncio.Timeout:
        """A block that raises `TimeoutError` after so long; None = never."""
        return asyncio.timeout(seconds)

    async def wait(self, event: asyncio.Event, seconds: float) -> bool:
        """Wait until the event is set, at most so long; whether it was set."""
        with suppress(TimeoutError):
            async with self.timeout(seconds):
                await event.wait()
        return event.is_set()

    async def pause(self, seconds: float) -> None:
        await self.wait(asyncio.Event(), seconds)


class World(NamedTuple):
    """What the parts of one worker share."""

    settings: Settings
    clock: Clock
    random: Random
    log: WorkerLog
