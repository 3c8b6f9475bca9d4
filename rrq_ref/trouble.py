"""Back-off while Redis does not answer: wait longer and longer, and log it."""

from random import Random
from typing import Self

from .clock import World
from .settings import Settings


class Backoff:
    """Delays that double from a lower to an upper bound, each shortened at random by up to half."""

    def __init__(self, low_s: float, high_s: float, random: Random) -> None:
        self._low_s = low_s
        self._high_s = high_s
        self._random = random
        self._next_s = low_s

    @classmethod
    def polling(cls, settings: Settings, random: Random) -> Self:
        return cls(settings.poll_min_ms / 1000, settings.poll_max_ms / 1000, random)

    def next(self) -> float:
        delay_s = self._next_s * (0.5 + self._random.random() / 2)
        self._next_s = min(self._next_s * 2, self._high_s)
        return delay_s

    def reset(self) -> None:
        self._next_s = self._low_s


class Trouble:
    """One activity's trouble with a failing store. Logs its beginning, its milestones and its
    end."""

    def __init__(self, doing: str, world: World) -> None:
        self._doing = doing
        self._world = world
        self._failures = 0
        self._backoff = Backoff.polling(world.settings, world.random)

    async def wait(self, error: Exception, at_most_s: float = 3600.0) -> None:
        """Note a failure and back off."""
        self._failures += 1
        if self._failures.bit_count() == 1:  # the 1st, 2nd, 4th, 8th …
            self._world.log.warning("%s failed, %d times: %s", self._doing, self._failures, error)
        await self._world.clock.pause(min(at_most_s, self._backoff.next()))

    def over(self) -> None:
        if self._failures:
            self._world.log.info("%s works again after %d failures", self._doing, self._failures)
            self._failures = 0
            self._backoff.reset()
