"""An application's own functions, called when a worker starts and ends and when a run failed."""

import asyncio
import inspect
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from . import failures
from .attempt import Context
from .clock import World


@dataclass(frozen=True, slots=True, kw_only=True)
class Hooks:
    """Plain functions or `async def`s. Raises `ValueError` for anything else."""

    #: Called before the worker's first claim. An exception ends the worker.
    on_startup: Callable[[], Any] | None = None
    #: Called after the drain, whatever ended the worker, if it had started. Exceptions are logged.
    on_shutdown: Callable[[], Any] | None = None
    #: Called after a failed run with its context, the exception, and whether it will be run again.
    #: A plain function runs in a thread. Exceptions are logged and change nothing.
    on_failure: Callable[[Context, BaseException, bool], Any] | None = None
    timeout_s: float = 10.0  # for each call; a plain function is not cut off

    def __post_init__(self) -> None:
        for name in ("on_startup", "on_shutdown", "on_failure"):
            if not callable(getattr(self, name) or print):
                raise ValueError(f"{name} is {getattr(self, name)!r:.100}; give a function")

    @asynccontextmanager
    async def around(self, world: World) -> AsyncIterator[None]:
        """A block between `on_startup` and `on_shutdown`: the worker's life."""
        if (error := await self.call(world, "on_startup")) is not None:
            raise RuntimeError("on_startup failed") from error  # SystemExit would end the loop
        try:
            yield
        finally:
            await self.call(world, "on_shutdown")

    async def call(self, world: World, name: str, *args: Any) -> BaseException | None:
        """Call a hook, if there is one. Logs and returns the exception that it raised."""
        hook = getattr(self, name) or (lambda *_: None)
        call = partial(failures.caught, hook, *args)
        beside = name == "on_failure" and not inspect.iscoroutinefunction(hook)
        try:
            async with world.clock.timeout(self.timeout_s):
                result, raised = await asyncio.to_thread(call) if beside else call()
                if inspect.isawaitable(result):
                    await result
        except BaseException as error:  # noqa: BLE001 - SystemExit in a hook must not end the worker
            raised = error
        if raised is not None:
            failures.log(world.log, raised, name, failures.text(raised))
        return raised
