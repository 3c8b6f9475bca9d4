"""Connections that lose replies: the server did what it was told, but the client cannot know."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, cast

import redis
import redis.asyncio
from redis.asyncio import Redis

from rrq_ref.settings import Settings
from rrq_ref.store import connect


class Replies:
    """Loses the next `to_lose` replies, each with its connection, and then calls `on_loss`."""

    def __init__(self) -> None:
        self.to_lose = 0
        self.on_loss: Callable[[], object] = bool

    def loses(self, reply: Any) -> bool:
        if not self.to_lose or reply in (b"OK", "OK") or isinstance(reply, dict):
            return False  # the last two are the handshake of a new connection
        self.to_lose -= 1
        self.on_loss()
        return True


def forgetful(settings: Settings, replies: Replies) -> Redis:
    """An async client as the package makes it, but with lost replies."""

    class Connection(redis.asyncio.Connection):
        async def read_response(self, *args: Any, **options: Any) -> Any:
            reply = await super().read_response(*args, **options)
            if replies.loses(reply):
                await self.disconnect(nowait=True)
                raise redis.ConnectionError("the reply was lost")
            return reply

    client: Any = connect(settings, connection_class=Connection)
    send = client.exchange

    async def exchange(commands: Sequence[tuple[Any, ...]]) -> list[Any]:  # without `read_response`
        got: list[Any] = await send(commands)
        if any(replies.loses(reply) for reply in got):
            raise redis.ConnectionError("the reply was lost")
        return got

    client.exchange = exchange
    return cast("Redis", client)


def plain_forgetful(url: str, replies: Replies) -> redis.Redis:
    """The same as a synchronous client."""

    class Connection(redis.Connection):
        def read_response(self, *args: Any, **options: Any) -> Any:
            reply = super().read_response(*args, **options)
            if replies.loses(reply):
                self.disconnect()  # type: ignore[no-untyped-call]
                raise redis.ConnectionError("the reply was lost")
            return reply

    pool = redis.ConnectionPool.from_url(url, connection_class=Connection)
    return redis.Redis(connection_pool=pool)
