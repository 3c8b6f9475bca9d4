"""The two ends of a pair of connections, as asyncio calls them."""

import asyncio
import socket
import struct
from collections.abc import Callable
from typing import Any, Protocol, cast

from chaos.wire.flow import HIGH_WATER, Flow
from chaos.wire.resp import CommandParser, ReplyParser


class Pair(Protocol):
    """A connection of a process and the one to the server, which are told what asyncio tells."""

    @property
    def up(self) -> Flow[Any]: ...

    @property
    def down(self) -> Flow[Any]: ...

    def from_client(self, parser: CommandParser, data: bytes) -> None: ...

    def client_closed(self) -> None: ...

    def server_opened(self, transport: asyncio.Transport) -> None: ...

    def from_server(self, parser: ReplyParser, data: bytes) -> None: ...

    def server_closed(self, problem: Exception | None) -> None: ...


class ClientSide(asyncio.Protocol):
    """The connection of a process."""

    def __init__(self, connected: Callable[[asyncio.Transport], Pair]) -> None:
        self._connected = connected
        self._parser = CommandParser()
        self._connection: Pair | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        client = cast(asyncio.Transport, transport)
        client.set_write_buffer_limits(HIGH_WATER)
        self._connection = self._connected(client)

    def data_received(self, data: bytes) -> None:
        assert self._connection is not None
        self._connection.from_client(self._parser, data)

    def pause_writing(self) -> None:
        assert self._connection is not None
        self._connection.down.sink_full = True

    def resume_writing(self) -> None:
        assert self._connection is not None
        self._connection.down.sink_ready()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._connection is not None:
            self._connection.client_closed()


class ServerSide(asyncio.Protocol):
    """The connection to the server."""

    def __init__(self, connection: Pair) -> None:
        self._connection = connection
        self._parser = ReplyParser()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._connection.server_opened(cast(asyncio.Transport, transport))

    def data_received(self, data: bytes) -> None:
        self._connection.from_server(self._parser, data)

    def pause_writing(self) -> None:
        self._connection.up.sink_full = True

    def resume_writing(self) -> None:
        self._connection.up.sink_ready()

    def connection_lost(self, exc: Exception | None) -> None:
        self._connection.server_closed(exc)


def reset_transport(transport: asyncio.Transport) -> None:
    """Close so that the other side gets an RST, and nothing that is still buffered."""
    sock = transport.get_extra_info("socket")
    if sock is not None and not transport.is_closing():
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
