"""A worker under a test's control: on its event loop, with tapped commands and a manual clock."""

from __future__ import annotations

import asyncio
import inspect
import time
from collections import Counter
from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Coroutine,
    Iterator,
    Mapping,
    Sequence,
)
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, cast

from redis.asyncio import Redis
from redis.exceptions import NoScriptError, ResponseError

from rrq_ref import scripts
from rrq_ref.attempt import Context, Handler
from rrq_ref.clock import Clock, World
from rrq_ref.logs import WorkerLog
from rrq_ref.settings import Settings
from rrq_ref.worker import Worker

#: No condition is waited for longer than this.
PATIENCE_S = 20.0

_SCRIPTS = {script.sha: script.name for script in scripts.ALL}


async def until(condition: Callable[[], Any]) -> None:
    """Wait until it is so, and fail if that takes too long."""
    end = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end, f"never came true: {inspect.getsource(condition).strip()}"
        await asyncio.sleep(0.002)


class ManualClock(Clock):
    """A clock that stands still until the test moves it."""

    def __init__(self) -> None:
        self.now = 1000.0
        self._waits: dict[object, float] = {}
        self._limits: list[tuple[float, asyncio.Timeout]] = []
        self._moved: set[asyncio.Future[None]] = set()

    def monotonic(self) -> float:
        return self.now

    def utc(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=self.now)

    def timeout(self, seconds: float | None) -> asyncio.Timeout:
        limit = asyncio.timeout(None)
        if seconds is not None:
            self._limits.append((self.now + seconds, limit))
        return limit

    async def wait(self, event: asyncio.Event, seconds: float) -> bool:
        this, end = object(), self.now + seconds
        self._waits[this] = end
        setting = asyncio.create_task(event.wait())
        try:
            while self.now < end and not setting.done():
                moved: asyncio.Future[None] = asyncio.get_running_loop().create_future()
                self._moved.add(moved)
                either: list[asyncio.Future[Any]] = [setting, moved]
                await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
                self._moved.discard(moved)
        finally:
            del self._waits[this]
            setting.cancel()
        return event.is_set()

    def awaited(self, seconds: float) -> bool:
        """True if a wait of exactly this length begins now."""
        return any(abs(end - self.now - seconds) < 1e-6 for end in self._waits.values())

    def advance(self, seconds: float) -> None:
        """Move the time on. Timers that become due fire when the loop gets its turn."""
        self.now += seconds
        due = [limit for at, limit in self._limits if at <= self.now]
        self._limits = [(at, limit) for at, limit in self._limits if at > self.now]
        for limit in due:
            with suppress(RuntimeError):  # that block has been left
                limit.reschedule(0)
        for moved in self._moved:
            if not moved.done():
                moved.set_result(None)


def want_of(claim: tuple[Any, ...]) -> int:
    """How many jobs a claim asks for."""
    return int(claim[3 + claim[2] + 2])


class Tap:
    """A Redis client that shows a worker's commands, and spoils those that the test names.

    A script goes by its name, any other command by its own. With a `clock`, blocking waits pass on
    that clock instead of at the server.
    """

    def __init__(self, redis: Redis, clock: ManualClock | None = None) -> None:
        self._redis: Any = redis
        self._clock = clock
        self.seen: list[tuple[Any, ...]] = []
        self._in_flight = 0
        #: Raised instead of sending.
        self.refuse: dict[str, Exception] = {}
        #: Raised instead of handing on the reply of a command that ran; once.
        self.lose: dict[str, Exception] = {}
        #: Awaited instead of sending.
        self.instead: dict[str, Callable[[tuple[Any, ...]], Awaitable[Any]]] = {}
        #: Awaited before sending.
        self.before: dict[str, Callable[[tuple[Any, ...]], Awaitable[None]]] = {}
        #: Awaited before the reply is handed on.
        self.after: dict[str, Callable[[], Awaitable[None]]] = {}

    @property
    def client(self) -> Redis:
        return cast("Redis", self)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._redis, name)

    def count(self, name: str) -> int:
        """The number of times that it was sent."""
        return Counter(self._name(words) for words in self.seen)[name]

    def sent(self, name: str) -> list[tuple[Any, ...]]:
        return [words for words in self.seen if self._name(words) == name]

    def wants(self) -> list[int]:
        """How many jobs each claim asked for."""
        return [want_of(words) for words in self.sent("lock_and_pop")]

    @staticmethod
    def _name(words: tuple[Any, ...]) -> str:
        return _SCRIPTS[words[1]] if words[0] == "EVALSHA" else str(words[0])

    async def advance(self, seconds: float) -> None:
        """Move the clock on while no command is under way that could time out."""
        assert self._clock is not None
        await until(lambda: self._in_flight == 0)
        self._clock.advance(seconds)
        for _ in range(10):  # so that what has become due has begun
            await asyncio.sleep(0)

    async def exchange(self, commands: Sequence[tuple[Any, ...]]) -> list[Any]:
        """Commands that are sent together go one after another, so that each can be spoilt."""
        replies = []
        for words in commands:
            try:
                replies.append(await self._answer(words))
            except ResponseError as error:
                replies.append(error)
        return replies

    async def _answer(self, words: tuple[Any, ...]) -> Any:
        name = self._name(words)
        self.seen.append(words)
        if name in self.before:
            await self.before[name](words)
        if name in self.refuse:
            raise self.refuse[name]
        if name in self.instead:
            return await self.instead[name](words)
        if name == "BLPOP" and self._clock is not None:
            return await self._clock.wait(asyncio.Event(), float(words[-1])) or None
        reply = await self._send(words)
        if name in self.after:
            await self.after[name]()
        if name in self.lose:
            raise self.lose.pop(name)
        return reply

    async def _send(self, words: tuple[Any, ...]) -> Any:
        self._in_flight += 1
        try:
            return await self._redis.execute_command(*words)
        except NoScriptError:
            self.seen.remove(words)  # it is sent again, once the server has learnt the script
            raise
        finally:
            self._in_flight -= 1


class Gate:
    """Handlers that say when they began, and end when the test says so."""

    def __init__(self) -> None:
        self.contexts: list[Context] = []
        self.cancelled: list[asyncio.CancelledError] = []
        self.opened = asyncio.Event()

    @property
    def began(self) -> list[str]:
        return [context.job_id for context in self.contexts]

    async def handler(self, context: Context) -> str:
        self.contexts.append(context)
        try:
            await self.opened.wait()
        except asyncio.CancelledError as error:
            self.cancelled.append(error)
            raise
        return "done"

    async def resisting(self, context: Context) -> str:
        """Go on after a cancellation, but not for ever, or a failing test would hang too."""
        self.contexts.append(context)
        while not self.opened.is_set() and len(self.cancelled) < 5:
            try:
                await self.opened.wait()
            except asyncio.CancelledError as error:
                self.cancelled.append(error)
        return "done"


@dataclass(slots=True)
class Running:
    """A worker at work."""

    worker: Worker
    task: asyncio.Task[None]
    awaited: bool = False

    async def left(self) -> None:
        """Wait until it has left by itself. Raises the error with which it failed."""
        self.awaited = True
        async with asyncio.timeout(PATIENCE_S):
            await asyncio.shield(self.task)


@asynccontextmanager
async def running(
    redis: Redis | Tap, settings: Settings, handlers: Mapping[str, Handler], **options: Any
) -> AsyncIterator[Running]:
    """Run a worker. At the end of the block it is drained in a hurry, if it still runs."""
    options = {"worker_id": "worker-1", "random": Random(7), **options}
    worker = Worker(cast("Redis", redis), handlers, settings, **options)
    task = asyncio.create_task(worker.run())
    try:
        it = Running(worker, task)
        yield it
    finally:
        worker.drain(hurry=True)
        await asyncio.gather(task, return_exceptions=True)
    if not it.awaited:
        task.result()


def world(settings: Settings, clock: Clock, seed: int = 7) -> World:
    """The world that a worker's parts share, for tests of one part alone."""
    log = WorkerLog("worker", "worker-1", settings.queues)
    return World(settings, clock, Random(seed), log)


@contextmanager
def serving(run: Callable[[], Coroutine[Any, Any, None]]) -> Iterator[asyncio.Task[None]]:
    """Run one of a worker's services until the block ends."""
    task = asyncio.create_task(run())
    try:
        yield task
    finally:
        task.cancel()
