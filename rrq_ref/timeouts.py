"""The time-outs of jobs."""

import asyncio
from collections.abc import Callable
from math import inf

from .attempt import Attempt
from .clock import Clock


class Timeouts:
    """Cancels handlers whose time is up.

    One timer serves them all: that of the first. Nearly all jobs end long before their time, and a
    timer for each would cost as much as a small job.
    """

    def __init__(self, clock: Clock, running: Callable[[], list[Attempt]]) -> None:
        self._clock = clock
        self._running = running
        self._first = inf  # no running handler's time is up before this
        self._earlier = asyncio.Event()

    def begin(self, attempt: Attempt) -> None:
        """Count the time of a handler from now on."""
        attempt.ends_at = self._clock.monotonic() + attempt.claimed.timeout_s
        if attempt.ends_at < self._first:
            self._first = attempt.ends_at
            self._earlier.set()

    async def run(self) -> None:
        """Watch until cancelled."""
        while True:
            self._earlier.clear()
            left_s = self._first - self._clock.monotonic()
            await self._clock.wait(self._earlier, min(max(0.0, left_s), 3600.0))
            now = self._clock.monotonic()
            if self._first <= now:
                limited = [attempt for attempt in self._running() if not attempt.expired]
                for attempt in limited:
                    if attempt.ends_at <= now:
                        attempt.expire()
                self._first = min([a.ends_at for a in limited if not a.expired], default=inf)
