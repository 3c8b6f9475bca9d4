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
from redis.exceptions import InvalidResponse, RedisError

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
        self._reply: asyncio.Future[Any] | None = None
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

    def ask(self, command: bytes) -> asyncio.Future[Any]:
        """Send a packed command, of one piece at most. The future is its reply, or its error."""
        self._reply = reply = self._loop.create_future()
        if self._transport.is_closing():
            self._end()
        else:
            self._transport.write(command)
        return reply

    def data_received(self, data: bytes) -> None:
        self._heard()
        if self._reply is None or self._reply.done():
            self._stream.data_received(data)
            return
        try:
            self._reader.feed(data)
            reply = self._reader.gets()
            while isinstance(reply, _PUSHED):
                reply = self._reader.gets()
        except RedisError as error:
            reply = error
        if isinstance(reply, RedisError):
            self._reply.set_exception(reply)
        elif reply is not _MORE:
            self._reply.set_result(reply)

    def eof_received(self) -> bool | None:
        self._end()
        return self._stream.eof_received()  # type: ignore[no-any-return]

    def connection_lost(self, error: Exception | None) -> None:
        self._end()
        self._stream.connection_lost(error)

    def _end(self) -> None:
        if self._reply is not None and not self._reply.done():
            self._reply.set_exception(Broken("the connection was closed by the server"))

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
