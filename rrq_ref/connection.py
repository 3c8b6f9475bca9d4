"""Connections to Redis, as every part of this package needs them."""

import asyncio
import os
import weakref
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import chain
from typing import Any

import redis as plain
from redis.asyncio import BlockingConnectionPool, Connection, Redis
from redis.asyncio.connection import parse_url as asyncio_parse_url
from redis.asyncio.retry import Retry as AsyncRetry
from redis.backoff import NoBackoff
from redis.connection import parse_url
from redis.retry import Retry as PlainRetry

from . import url
from .settings import Settings
from .silence import patient, piecemeal


def connect(settings: Settings, **options: Any) -> Redis:
    """One pool for each event loop, sized from the concurrency; who finds it empty waits."""
    # socket_timeout: the store bounds every command itself
    ours = {**_sized(settings), "socket_timeout": None, "retry": AsyncRetry(NoBackoff(), 0)}
    options = {**url.options(settings.redis_url, asyncio_parse_url), **ours, **options}
    options["connection_class"] = patient(options.get("connection_class", Connection))
    return _LoopRedis(lambda: _Pool(**options))


def connect_plain(settings: Settings) -> plain.Redis:
    """The same without asyncio, for `BlockingStore`; here the socket's time-out is the bound."""
    sized = _sized(settings)
    ours = {**sized, "socket_timeout": sized["timeout"], "retry": PlainRetry(NoBackoff(), 0)}
    options = {**url.options(settings.redis_url, parse_url), **ours}
    kind = options.get("connection_class", plain.Connection)
    options["connection_class"] = piecemeal(kind)
    return plain.Redis.from_pool(_PlainPool(**options))  # type: ignore[no-untyped-call]


def _sized(settings: Settings) -> dict[str, Any]:
    limit_s = settings.command_timeout_ms / 1000
    limits = {"timeout": limit_s, "socket_connect_timeout": limit_s}
    # surrogateescape: as in `store._id`
    return {**limits, "max_connections": settings.pool_size, "encoding_errors": "surrogateescape"}


def check(redis: Any, *, blocking: bool) -> None:
    """Raise `ValueError` for a client of redis-py with which a job would be stored and its answer
    not be understood."""
    if isinstance(redis, Redis if blocking else plain.Redis):
        kind = "redis.Redis" if blocking else "redis.asyncio.Redis"
        raise ValueError(f"redis is of the wrong kind: give a {kind}")
    encoder = getattr(redis, "get_encoder", None)
    if encoder and encoder().decode_responses:
        raise ValueError("redis has decode_responses=True; give one that answers in bytes")


@contextmanager
def _hidden(secret: str | None) -> Iterator[None]:
    """Keep the password out of errors: a server, or what poses as one, may answer a HELLO or AUTH
    that it does not know by repeating it."""
    try:
        yield
    except Exception as error:
        link: BaseException | None = error
        while secret and link is not None:
            link.args = tuple(str(arg).replace(secret, "***") for arg in link.args)
            link = link.__cause__ or link.__context__
        raise


class _Pool(BlockingConnectionPool):
    async def get_connection(self, *_: Any, **__: Any) -> Any:
        with _hidden(self.connection_kwargs.get("password")):
            return await super().get_connection()  # type: ignore[no-untyped-call]

    __repr__ = object.__repr__  # redis-py's shows the password in some releases


class _PlainPool(plain.BlockingConnectionPool):
    def get_connection(self, *_: Any, **__: Any) -> Any:
        with _hidden(self.connection_kwargs.get("password")):
            return super().get_connection()  # type: ignore[no-untyped-call]

    __repr__ = object.__repr__


Loop = asyncio.AbstractEventLoop | None
_inherited: list[object] = []  # by a fork: never used and never closed here


class _LoopRedis(Redis):
    """A client of redis-py whose pool is that of the running event loop, in this process.

    A connection belongs to the loop on which it was made: on another one a command may be sent, but
    its answer is never read. In a child of a fork it is the parent's.
    """

    def __init__(self, new_pool: Callable[[], _Pool]) -> None:
        self._new_pool = new_pool
        self._pools: dict[Loop, tuple[_Pool, object]] = {}
        # Not by `__del__`: in a cycle of garbage that of the connections might come first.
        weakref.finalize(self, _leave_ended_loops, self._pools)
        self._process = os.getpid()
        super().__init__(connection_pool=self.connection_pool)

    @property
    def connection_pool(self) -> _Pool:
        if self._process != os.getpid():
            # Closing them would go through the parent's loop, which has its epoll in common with
            # this one: the parent would not hear of its own answers any more.
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
        """redis-py sets what it was given."""


def _leave_ended_loops(pools: dict[Loop, tuple[_Pool, object]]) -> None:
    """Close what a loop left that was closed without ending its generators first."""
    for loop in [loop for loop in list(pools) if loop and loop.is_closed()]:
        pool, _ = pools.pop(loop, (None, None))  # unless another thread did
        # A closed loop calls nothing any more; what transports ask it for is done at once.
        vars(loop)["call_soon"] = lambda call, *args, context=None: call(*args)
        for one in chain(pool._available_connections, pool._in_use_connections) if pool else ():
            if one._writer is not None:
                one._writer.transport.abort()
                one._writer = one._reader = None


def _closing_with_loop(pool: _Pool) -> AsyncGenerator[None, None]:
    """A generator, to be kept, that closes the pool when its loop shuts down its generators, as
    `asyncio.run` does at its end. The idea is Prefect's."""

    async def closing() -> AsyncGenerator[None, None]:
        try:
            yield
        finally:
            with suppress(Exception):  # a courtesy
                await pool.aclose()

    generator = closing()
    with suppress(StopIteration):
        generator.asend(None).send(None)  # up to its yield, so that the loop knows of it
    return generator
