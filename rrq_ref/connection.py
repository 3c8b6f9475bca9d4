"""Connections to Redis: one pool for each event loop, or one that blocks."""

import asyncio
import os
import weakref
from collections import deque
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import chain
from typing import Any

import redis as plain
from redis.asyncio import BlockingConnectionPool, Connection, Redis
from redis.asyncio.connection import parse_url as asyncio_parse_url
from redis.asyncio.retry import Retry as AsyncRetry
from redis.backoff import NoBackoff
from redis.connection import parse_url
from redis.exceptions import ResponseError
from redis.retry import Retry as PlainRetry

from . import url
from .line import packed
from .settings import Settings
from .silence import patient, piecemeal


def connect(settings: Settings, **options: Any) -> Redis:
    """A client with one pool for each event loop, sized from the concurrency. A caller that finds
    the pool empty waits."""
    # No socket_timeout: the store itself bounds every command.
    ours = {**_sized(settings), "socket_timeout": None, "retry": AsyncRetry(NoBackoff(), 0)}
    options = {**url.signed(url.options(settings.redis_url, asyncio_parse_url)), **ours, **options}
    options["connection_class"] = patient(options.get("connection_class", Connection))
    return _LoopRedis(lambda: _Pool(**options))


def connect_plain(settings: Settings) -> plain.Redis:
    """A client without asyncio, for `BlockingStore`. Here the socket's time-out is the bound."""
    sized = _sized(settings)
    ours = {**sized, "socket_timeout": sized["timeout"], "retry": PlainRetry(NoBackoff(), 0)}
    options = {**url.signed(url.options(settings.redis_url, parse_url)), **ours}
    kind = options.get("connection_class", plain.Connection)
    options["connection_class"] = piecemeal(kind)
    return plain.Redis.from_pool(_PlainPool(**options))  # type: ignore[no-untyped-call]


def _sized(settings: Settings) -> dict[str, Any]:
    limit_s = settings.command_timeout_ms / 1000
    limits = {"timeout": limit_s, "socket_connect_timeout": limit_s}
    # surrogateescape: see `store._id`
    return {**limits, "max_connections": settings.pool_size, "encoding_errors": "surrogateescape"}


def check(redis: Any, *, blocking: bool) -> None:
    """Raise `ValueError` for a redis-py client whose answers the store cannot read: it would store
    a job and then fail."""
    if isinstance(redis, Redis if blocking else plain.Redis):
        kind = "redis.Redis" if blocking else "redis.asyncio.Redis"
        raise ValueError(f"redis is of the wrong kind: give a {kind}")
    encoder = getattr(redis, "get_encoder", None)
    if encoder and encoder().decode_responses:
        raise ValueError("redis has decode_responses=True; give one that answers in bytes")


@contextmanager
def _hidden(secret: str | None) -> Iterator[None]:
    """Keep the password out of errors: a server that does not know HELLO or AUTH, or something
    that poses as a server, may repeat the command in its answer."""
    try:
        yield
    except Exception as error:
        link: BaseException | None = error
        while secret and link is not None:
            link.args = tuple(str(arg).replace(secret, "***") for arg in link.args)
            link = link.__cause__ or link.__context__
        raise


class _Pool(BlockingConnectionPool):
    """A pool that keeps idle connections at hand, the last used first. To redis-py they are in use:
    to take and to return one there takes as long as a command."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._at_hand: list[Any] = []
        self._waiting = 0

    async def get_connection(self, *_: Any, **__: Any) -> Any:
        while self._at_hand:
            connection = self._at_hand.pop()
            if connection.ready:
                return connection
            await self._give_up(connection)
        self._waiting += 1
        try:
            with _hidden(self.connection_kwargs.get("password")):
                return await super().get_connection()  # type: ignore[no-untyped-call]
        finally:
            self._waiting -= 1

    async def release(self, connection: Any) -> None:
        if not connection.ready:
            await self._give_up(connection)
        elif self._waiting:
            await super().release(connection)
        else:
            self._at_hand.append(connection)

    async def _give_up(self, connection: Any) -> None:
        await connection.disconnect(nowait=True)  # or redis-py may hand it out as it is
        await super().release(connection)

    __repr__ = object.__repr__  # redis-py's shows the password in some releases


class _PlainPool(plain.BlockingConnectionPool):
    """The same for threads."""

    def reset(self) -> None:  # also after a fork: what is at hand is the parent's
        self._at_hand: deque[Any] = deque()
        self._waiting: deque[None] = deque()  # one for each thread that waits
        super().reset()  # type: ignore[no-untyped-call]

    def get_connection(self, *_: Any, **__: Any) -> Any:
        self._checkpid()
        if (connection := self._ready()) is not None:
            return connection
        self._waiting.append(None)
        try:
            # Whoever returned one before it could see that we wait left it at hand.
            if (connection := self._ready()) is not None:
                return connection
            with _hidden(self.connection_kwargs.get("password")):
                return super().get_connection()  # type: ignore[no-untyped-call]
        finally:
            self._waiting.pop()

    def _ready(self) -> Any:
        """A connection at hand that can be used, or None."""
        with suppress(IndexError):
            while not (connection := self._at_hand.pop()).ready:
                connection.disconnect()
                super().release(connection)  # type: ignore[no-untyped-call]
            return connection
        return None

    def release(self, connection: Any) -> None:
        if connection.pid != self.pid or not connection.ready:
            super().release(connection)  # type: ignore[no-untyped-call]
            return
        self._at_hand.append(connection)
        if self._waiting:  # it waits for what the pool itself has
            with suppress(IndexError):
                super().release(self._at_hand.pop())  # type: ignore[no-untyped-call]

    __repr__ = object.__repr__


Loop = asyncio.AbstractEventLoop | None
_inherited: list[object] = []  # pools inherited by a fork: never used and never closed here


class _LoopRedis(Redis):
    """A redis-py client whose pool is the one of the running event loop in this process.

    A connection belongs to the loop that made it: another loop may send a command on it, but never
    reads the answer. After a fork the connection belongs to the parent.
    """

    def __init__(self, new_pool: Callable[[], _Pool]) -> None:
        self._new_pool = new_pool
        self._pools: dict[Loop, tuple[_Pool, object]] = {}
        # Not by `__del__`: in a garbage cycle the connections' own `__del__` might come first.
        weakref.finalize(self, _leave_ended_loops, self._pools)
        self._process = os.getpid()
        super().__init__(connection_pool=self.connection_pool)

    async def execute_command(self, *words: Any, **_: Any) -> Any:
        (reply,) = await self.exchange([words])
        if isinstance(reply, ResponseError):
            raise reply
        return reply

    async def exchange(self, commands: Sequence[tuple[Any, ...]]) -> list[Any]:
        """Send commands in one packet, and return their replies; an error that the server answered
        stands in the place of its reply. redis-py does much around it, for which nobody asks."""
        pool = self.connection_pool
        connection = await pool.get_connection()
        try:
            replies = await connection.exchange(packed(connection, commands), len(commands))
        except BaseException:
            await connection.disconnect(nowait=True)  # nobody else may read what is still to come
            raise
        finally:
            await pool.release(connection)
        return [self._formed(*each) for each in zip(commands, replies, strict=True)]

    def _formed(self, command: tuple[Any, ...], reply: Any) -> Any:
        """A reply in redis-py's form."""
        to_form = self.response_callbacks.get(command[0])
        return to_form(reply) if to_form and not isinstance(reply, ResponseError) else reply

    @property
    def connection_pool(self) -> _Pool:
        if self._process != os.getpid():
            # Do not close them: that would go through the parent's loop, whose epoll we share, and
            # the parent would no longer hear of its own answers.
            _inherited.append(self._pools.copy())
            self._pools.clear()
            self._process = os.getpid()
        loop: Loop = None
        with suppress(RuntimeError):
            loop = asyncio.get_running_loop()
        if loop not in self._pools:
            _leave_ended_loops(self._pools)
            pool = self._new_pool()
            self._pools[loop] = pool, loop and _closing_with_loop(pool)
        return self._pools[loop][0]

    @connection_pool.setter
    def connection_pool(self, _: object) -> None:
        """Ignored: redis-py sets the pool that it was given."""


def _leave_ended_loops(pools: dict[Loop, tuple[_Pool, object]]) -> None:
    """Close the pools of loops that were closed without shutting down their generators."""
    for loop in [loop for loop in list(pools) if loop and loop.is_closed()]:
        pool, _ = pools.pop(loop, (None, None))  # unless another thread did
        # A closed loop runs no callbacks, so do at once what the transports ask of it.
        vars(loop)["call_soon"] = lambda call, *args, context=None: call(*args)
        for one in chain(pool._available_connections, pool._in_use_connections) if pool else ():
            if one._writer is not None:
                one._writer.transport.abort()
                one._writer = one._reader = None


def _closing_with_loop(pool: _Pool) -> AsyncGenerator[None, None]:
    """A generator that closes the pool when its loop shuts down its generators, as `asyncio.run`
    does at its end. The caller has to keep it. The idea is Prefect's."""

    async def closing() -> AsyncGenerator[None, None]:
        try:
            yield
        finally:
            with suppress(Exception):  # a courtesy
                await pool.aclose()

    generator = closing()
    with suppress(StopIteration):
        generator.asend(None).send(None)  # run to its yield, so that the loop knows of it
    return generator
