"""Connections to Redis, as every part of this package needs them."""

from typing import Any

import redis as plain
from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry as AsyncRetry
from redis.backoff import NoBackoff
from redis.retry import Retry as PlainRetry

from .settings import Settings


def connect(settings: Settings, **options: Any) -> Redis:
    """One pool for the process, sized from the concurrency; who finds it empty waits."""
    # socket_timeout: the store bounds every command itself
    options = {"socket_timeout": None, "retry": AsyncRetry(NoBackoff(), 0), **options}
    pool = BlockingConnectionPool.from_url(settings.redis_url, **_sized(settings), **options)
    return Redis.from_pool(pool)


def connect_plain(settings: Settings) -> plain.Redis:
    """The same without asyncio, for `BlockingStore`; here the socket's time-out is the bound."""
    sized = _sized(settings)
    options = {"socket_timeout": sized["timeout"], "retry": PlainRetry(NoBackoff(), 0), **sized}
    pool = plain.BlockingConnectionPool.from_url(settings.redis_url, **options)
    return plain.Redis.from_pool(pool)


def _sized(settings: Settings) -> dict[str, Any]:
    limit_s = settings.command_timeout_ms / 1000
    limits = {"timeout": limit_s, "socket_connect_timeout": limit_s}
    # surrogateescape: as in `store._id`
    return {**limits, "max_connections": settings.pool_size, "encoding_errors": "surrogateescape"}
