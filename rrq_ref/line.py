"""The short way of commands to a connection, and of their replies from it, past redis-py.

redis-py looks at each word that it packs. Through its asyncio stream each reply wakes a reader, who
parses it and wakes its caller. Here a reply is parsed where it arrives, and wakes the caller alone.
redis-py still opens the connection, and may use it.
"""

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any

from redis.exceptions import ConnectionError as Broken
from redis.exceptions import InvalidResponse, RedisError, ResponseError

try:
    import hiredis
except ImportError:  # redis-py does without it too
    hiredis = None  # type: ignore[assignment]

_MORE = object()  # the reader's word for "there is more to come"
_PUSHED = getattr(hiredis, "PushNotification", ())  # what nobody asked for


class Line(asyncio.Protocol):
    """Stands before the protocol of a connection's stream, and hands on what is not for it.

    `heard` is called whenever bytes come.
    """

    def __init__(self, connection: Any, heard: Callable[[], None]) -> None:
        self._heard = heard
        self._transport: asyncio.Transport = connection._writer.transport
        self._stream: Any = self._transport.get_protocol()
        self._loop = asyncio.get_running_loop()
        self._replies: asyncio.Future[list[Any]] | None = None
        self._owed = 0
        self._come: list[Any] = []
        self._reader = hiredis and hiredis.Reader(
            protocolError=InvalidResponse,
            replyError=connection._parser.parse_error,
            errors=connection.encoder.encoding_errors,
            notEnoughData=_MORE,
        )
        self._transport.set_protocol(self)

    @property
    def short(self) -> bool:
        """False without hiredis, whose reader parses piece by piece."""
        return self._reader is not None

    @property
    def unread(self) -> bool:
        """True if something is left of what came: nobody may use the connection again."""
        return self.short and self._reader.has_data()

    def ask(self, commands: bytes, count: int) -> asyncio.Future[list[Any]]:
        """Send so many packed commands, of one piece at most. The future is their replies; an error
        that the server answered stands in the place of its reply."""
        self._replies = replies = self._loop.create_future()
        self._owed, self._come = count, []
        if self._transport.is_closing():
            self._end()
        else:
            self._transport.write(commands)
        return replies

    def data_received(self, data: bytes) -> None:
        self._heard()
        if self._replies is None or self._replies.done():
            self._stream.data_received(data)
            return
        come = self._come
        try:
            self._reader.feed(data)
            while len(come) < self._owed and (reply := self._reader.gets()) is not _MORE:
                if isinstance(reply, RedisError) and not isinstance(reply, ResponseError):
                    raise reply
                if not isinstance(reply, _PUSHED):
                    come.append(reply)
        except RedisError as error:
            self._replies.set_exception(error)
        else:
            if len(come) == self._owed:
                self._replies.set_result(come)

    def eof_received(self) -> bool | None:
        self._end()
        return self._stream.eof_received()  # type: ignore[no-any-return]

    def connection_lost(self, error: Exception | None) -> None:
        self._end()
        self._stream.connection_lost(error)

    def _end(self) -> None:
        if self._replies is not None and not self._replies.done():
            self._replies.set_exception(Broken("the connection was closed by the server"))

    def pause_writing(self) -> None:
        self._stream.pause_writing()

    def resume_writing(self) -> None:
        self._stream.resume_writing()


def packed(connection: Any, commands: Iterable[tuple[Any, ...]]) -> bytes:
    """Commands as they are sent. Without hiredis, redis-py packs them."""
    return b"".join([_packed(connection, words) for words in commands])


def _packed(connection: Any, words: tuple[Any, ...]) -> bytes:
    if hiredis is not None and " " not in words[0]:  # else it is two words, as in SCRIPT LOAD
        with suppress(TypeError, UnicodeEncodeError):
            packed: bytes = hiredis.pack_command(words)
            return packed
    return b"".join(connection.pack_command(*words))
