"""A command's time-out measures silence: it starts anew whenever bytes come or go.

Thus a large job on a slow line does not look like a dead server. redis-py's own time-outs measure
the whole transfer.
"""

import asyncio
import select
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from functools import cache
from socket import SO_SNDBUF, SOL_SOCKET
from typing import Any

from redis.exceptions import ResponseError

from .line import Line

_PIECE = 65_536  # bytes sent at a time
_LOOK_S = 0.01  # interval between looks at a full buffer


class Patience:
    """One command's time-out, which can be renewed."""

    def __init__(self, limit: asyncio.Timeout, seconds: float) -> None:
        self._limit = limit
        self._seconds = seconds
        self._loop = asyncio.get_running_loop()

    def renew(self) -> None:
        end = self._limit.when()
        # Not for every few bytes: most commands are over before an eighth of the time has passed.
        if end is not None and end - self._loop.time() < self._seconds * 7 / 8:
            with suppress(RuntimeError):  # the block has been left
                self._limit.reschedule(self._loop.time() + self._seconds)


#: The time-out of the command that the running task sends next.
current: ContextVar[Patience | None] = ContextVar("current", default=None)


@cache
def patient(connection: type[Any]) -> type[Any]:
    """A subclass of a redis-py connection class whose commands time out by silence."""

    class Patient(connection):  # type: ignore[misc]
        _patience: Patience | None = None

        @property
        def ready(self) -> bool:
            """True if it can be used again as it is."""
            return self.is_connected and not self._reader.at_eof() and not self._line.unread

        async def _connect(self) -> None:
            await super()._connect()
            self._line = Line(self, self._renew)

        def _renew(self) -> None:
            if self._patience is not None:
                self._patience.renew()

        async def exchange(self, commands: bytes, count: int) -> list[Any]:
            """Send so many packed commands, and return their replies. An error that the server
            answered stands in the place of its reply."""
            if not self.is_connected or not self._line.short or len(commands) > _PIECE:
                await self.send_packed_command(commands, check_health=False)
                return [await _reply(self) for _ in range(count)]
            self._patience = current.get()
            return await self._line.ask(commands, count)

        async def send_packed_command(self, command: Any, check_health: bool = True) -> None:
            self._patience = patience = current.get()
            for n, piece in enumerate(_pieces(command, self._open_socket)):
                if n and not self.is_connected:  # a new connection cannot use the rest
                    raise ConnectionError("the connection was closed in the middle of a command")
                with _writing():
                    await super().send_packed_command(piece, check_health and not n)
                if patience is not None:
                    patience.renew()
                await _sent(self._writer, patience)

        def _open_socket(self) -> Any:
            return self._writer and self._writer.get_extra_info("socket")

    return Patient


async def _reply(connection: Any) -> Any:
    try:
        return await connection.read_response()
    except ResponseError as error:
        return error


@contextmanager
def _writing() -> Iterator[None]:
    try:
        yield
    except AttributeError as error:  # Python 3.12 and 3.13.0: the connection is gone
        if "_add_writer" in str(error):
            raise ConnectionError("the connection was lost while writing") from error
        raise


async def _sent(writer: asyncio.StreamWriter | None, patience: Patience | None) -> None:
    """Wait until the buffer has been sent. redis-py waits too, but through `writelines`, which in
    Python 3.12 and 3.13.0 forgets to pause the writer."""
    left = _PIECE + 1
    while writer is not None and left > _PIECE:
        before, left = left, writer.transport.get_write_buffer_size()
        if left > _PIECE:
            await asyncio.sleep(_LOOK_S)
        if patience is not None and left < before:
            patience.renew()


@cache
def piecemeal(connection: type[Any]) -> type[Any]:
    """The same for a blocking connection class: its time-out applies to one piece."""

    class Piecemeal(connection):  # type: ignore[misc]
        @property
        def ready(self) -> bool:
            """True if it can be used again as it is."""
            if self._sock is None:
                return False
            unread = select.poll()
            unread.register(self._sock, select.POLLIN)
            return not unread.poll(0)

        def send_packed_command(self, command: Any, check_health: bool = True) -> None:
            for n, piece in enumerate(_pieces(command, lambda: self._sock)):
                super().send_packed_command(piece, check_health and not n)

    return Piecemeal


def _pieces(command: bytes | str | Iterable[bytes], socket: Callable[[], Any]) -> Iterator[Any]:
    """A packed command in pieces; one of usual size is a single piece.

    For several pieces the system's send buffer is shrunk to one piece, because progress inside that
    buffer cannot be seen.
    """
    parts = [command] if isinstance(command, bytes | str) else list(command)
    if sum(map(len, parts)) <= _PIECE:
        yield parts
        return
    for n, part in enumerate(memoryview(part) for part in parts if isinstance(part, bytes)):
        for start in range(0, len(part), _PIECE):
            yield [part[start : start + _PIECE]]
            if not n and (open_socket := socket()) is not None:
                open_socket.setsockopt(SOL_SOCKET, SO_SNDBUF, _PIECE)
