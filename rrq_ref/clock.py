"""The outside world as a worker knows it: time, chance, settings and a log."""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime
from random import Random
from typing import NamedTuple

from .logs import WorkerLog
from .settings import Settings


class Clock:
    """The running event loop's time. A simulated clock overrides the first four methods."""

    def monotonic(self) -> float:
        """Seconds; only differences mean anything."""
        return asyncio.get_running_loop().time()

    def utc(self) -> datetime:
        """Wall-clock time for people to read. Nothing is decided by it."""
        return datetime.now(UTC)

    def timeout(self, seconds: float | None) -> asyncio.Timeout:
        """A block that raises `TimeoutError` after `seconds`; None = never."""
        return asyncio.timeout(seconds)

    async def wait(self, event: asyncio.Event, seconds: float) -> bool:
        """Wait until the event is set, or `seconds` have passed. Returns whether it was set."""
        with suppress(TimeoutError):
            async with self.timeout(seconds):
                await event.wait()
        return event.is_set()

    async def pause(self, seconds: float) -> None:
        await self.wait(asyncio.Event(), seconds)

    async def turn(self) -> None:
        """Let everybody have a turn who can go on at once."""
        await asyncio.sleep(0)


class World(NamedTuple):
    """The settings, clock, random numbers and log that the parts of one worker share."""

    settings: Settings
    clock: Clock
    random: Random
    log: WorkerLog
