"""Shows the world that a worker is alive. Nothing is decided by it: without it no job is lost."""

from collections.abc import Callable
from typing import Any

from .clock import World
from .errors import StoreError
from .store import WorkerStore
from .trouble import Trouble


async def beat(world: World, store: WorkerStore, report: Callable[[], dict[str, Any]]) -> None:
    """Write the health key every interval, until cancelled; its TTL is the interval and slack."""
    trouble = Trouble("the heartbeat", world)
    while True:
        try:
            await store.heartbeat(report())
        except StoreError as error:
            await trouble.wait(error)
        else:
            trouble.over()
            await world.clock.pause(world.settings.heartbeat_interval_ms / 1000)
