"""One connection of a process, and the one to the server behind it."""

import asyncio
import fcntl
import sys
import termios
import time
from collections.abc import Coroutine, Iterator, Sequence
from contextlib import ExitStack
from typing import Any

from chaos.faults import Injection, Side
from chaos.faults.action import DROP, Outcome
from chaos.processes import Handle
from chaos.wire.endpoint import Endpoint
from chaos.wire.exchange import Exchange, NoReply
from chaos.wire.flow import HIGH_WATER, Flow
from chaos.wire.peers import Ends
from chaos.wire.pending import PendingReplies, Sent, Transaction, refusal
from chaos.wire.resp import CommandParser, ProtocolError, ReplyParser, Value
from chaos.wire.site import Site
from chaos.wire.transports import ServerSide, reset_transport

LINGER_S = 5.0
"""Limit for the server to answer a command whose client has gone, in seconds."""
_SINGLE_BYTES = 500
"""Of a frame that is passed on in single bytes; the rest follows at once."""

_Work = Coroutine[Any, Any, None] | None
_Command = tuple[bytes, list[bytes]] | None  # None: the client has left
_Reply = tuple[bytes, Sent | None] | bool  # a bool: the server has left; True: by a reset


class Connection:
    """A pair of connections, and what is under way between them. Lives in the proxy's loop.

    Commands go through the flow `up`, replies through the flow `down`. A reply is matched with its
    command and shown to the observer when it arrives, before it queues for delivery.
    """

    def __init__(self, endpoint: Endpoint, client: asyncio.Transport) -> None:
        self.endpoint = endpoint
        self.client = client
        self.ends = Ends(client.get_extra_info("peername"), client.get_extra_info("sockname"))
        self.peer: Handle | None = None
        """The process that holds the connection, once `Endpoint.find_peers` has found it."""
        self.server: asyncio.Transport | None = None
        self.pending = PendingReplies()
        self._transaction = Transaction()
        spawn = endpoint.context.spawn
        self.up: Flow[_Command] = Flow(endpoint.up_gate, self._command, self._flush_up, spawn)
        self.down: Flow[_Reply] = Flow(endpoint.down_gate, self._reply, self._flush_down, spawn)
        # Written together: a system call for each command of a pipeline takes longer than all else.
        self._to_server: list[bytes] = []
        self._to_client: list[bytes] = []
        self.up.source = client
        self.up.sink_full = True  # until there is a connection to the server
        self._client_left = self._up_ended = self._client_closed = False
        self._server_closed = False
        self._linger: asyncio.TimerHandle | None = None
        endpoint.connections.add(self)
        endpoint.connected += 1
        spawn(self._connect())

    @property
    def quiet(self) -> bool:
        """Nothing is at the server, on its way there, or waiting in the client's socket."""
        return self.up.empty and not self.pending.at_server and not self._unread()

    def pump(self) -> None:
        """Move on what may move: a gate has changed."""
        self.up.pump()
        self.down.pump()

    def cut(self, *, reset: bool) -> None:
        """Close the client's connection now. Commands not forwarded yet are dropped; the server's
        replies to the others are still read."""
        self.up.clear()
        self.down.clear()
        if reset:
            reset_transport(self.client)
        else:
            self.client.close()
        self._client_left = False  # if it had left before, the note of it has just been dropped
        self.client_left()

    def abort(self) -> None:
        """Close both connections now."""
        self.up.clear()
        self.down.clear()
        self.client.abort()
        if self.server is not None:
            self.server.abort()

    # The client's side.

    def from_client(self, parser: CommandParser, data: bytes) -> None:
        try:
            for command in parser.feed(data):
                self.up.put(command, len(command[0]))
        except ProtocolError as problem:
            self.up.pump()
            self._answer([b""], f"-ERR Protocol error: {problem}\r\n".encode())
            self.client.close()
        self.up.pump()

    def client_left(self) -> None:
        """Its end comes after all that it has sent."""
        if not self._client_left:
            self._client_left = True
            self.up.put(None, 0)
            self.up.pump()

    def client_closed(self) -> None:
        self.down.sink_full = False  # or what is left would wait for ever
        self._client_closed = True
        self.client_left()
        self.down.pump()
        self._forget()

    def _command(self, item: _Command) -> _Work:
        if item is None:
            self._flush_up()
            self._up_ended = True
            self._settle()
            return None
        raw, argv = item
        if not argv:
            self._to_server.append(raw)
            return None
        refused = refusal(argv)
        if refused is not None:
            self._answer(argv, refused)
            return None
        argv = self._transaction.seen(argv)
        injections = self.endpoint.due(argv)
        if not injections:
            self.pending.in_flight.append(Sent(argv, time.monotonic_ns()))
            self._to_server.append(raw)
            return None
        return self._send_through(raw, argv, injections)

    def _flush_up(self) -> None:
        if self._to_server:
            parts, self._to_server = self._to_server, []
            assert self.server is not None
            if not self.server.is_closing():  # closed from the other side, and not told of it yet
                self.server.writelines(parts)

    async def _send_through(
        self, raw: bytes, argv: list[bytes], injections: Sequence[Injection]
    ) -> None:
        """Forward a command, with faults ahead of it."""
        now = time.monotonic_ns()
        exchange = Exchange(self.endpoint.name, argv, NoReply(), now, now)
        with ExitStack() as passed:
            await self._send_faulty(raw, injections, exchange, passed)

    async def _send_faulty(
        self, raw: bytes, injections: Sequence[Injection], exchange: Exchange, passed: ExitStack
    ) -> None:
        outcome = await self._inject(injections, "before-send", exchange, passed)
        if outcome is DROP:
            self._miss(injections, "another fault dropped the command")
            return
        await self.endpoint.up_gate.wait()
        later = tuple(
            injection for injection in injections if injection.fault.side != "before-send"
        )
        if outcome.answer is not None:
            self._answer(exchange.argv, outcome.answer)
        elif self.server is not None and not self._server_closed:
            self.pending.in_flight.append(Sent(exchange.argv, time.monotonic_ns(), later))
            await self._write(self.server, raw, outcome.pieces)
            return
        self._miss(later, "the command did not reach the server")

    def _answer(self, argv: list[bytes], reply: bytes) -> None:
        """Answer in the server's place, when it is this command's turn."""
        self.pending.in_flight.append(Sent(argv, 0, injected=reply))
        self._queue_injected()
        self.down.pump()

    # The server's side.

    async def _connect(self) -> None:
        if not await self.endpoint.context.connect(lambda: ServerSide(self)):
            self._server_closed = True
            self.cut(reset=True)
            self._forget()

    def server_opened(self, transport: asyncio.Transport) -> None:
        self.server = self.down.source = transport
        transport.set_write_buffer_limits(HIGH_WATER)
        self.up.sink_ready()

    def from_server(self, parser: ReplyParser, data: bytes) -> None:
        journal = self.endpoint.context.journal
        try:
            for raw, value in parser.feed(data):
                sent = self.pending.answered(value)
                if sent is not None:
                    self._observe(sent, value)
                faulty = sent if sent is not None and sent.injections else None
                if faulty is not None:
                    faulty.reply = value
                self.down.put((raw, faulty), len(raw))
                self._queue_injected()
        except ProtocolError as problem:
            journal.broke(problem)
            self.abort()
        self.down.pump()
        if self._up_ended:
            self._settle()

    def server_closed(self, problem: Exception | None) -> None:
        self._server_closed = True
        if self._linger is not None:
            self._linger.cancel()
        owed, self.pending.in_flight = self.pending.in_flight, type(self.pending.in_flight)()
        for sent in owed:
            if sent.injected is None:
                self._observe(sent, NoReply())
            self._miss(sent.injections, "the server did not answer the command")
        self.up.clear()
        self.up.sink_full = True
        self.down.put(isinstance(problem, ConnectionResetError), 0)
        self.down.pump()
        self._forget()

    def _observe(self, sent: Sent, reply: Value | NoReply) -> None:
        journal = self.endpoint.context.journal
        if journal.observes:
            t_reply = time.monotonic_ns()
            name = self.endpoint.name
            journal.observed(Exchange(name, sent.argv, reply, sent.t_sent, t_reply))

    def _queue_injected(self) -> None:
        in_flight = self.pending.in_flight
        while in_flight and in_flight[0].injected is not None:
            injected = in_flight.popleft().injected
            assert injected is not None
            self.down.put((injected, None), len(injected))

    def _reply(self, item: _Reply) -> _Work:
        if isinstance(item, bool):
            self._flush_down()
            if item:
                reset_transport(self.client)
            else:
                self.client.close()
            return None
        raw, sent = item
        if sent is not None:
            return self._deliver_through(raw, sent)
        self._to_client.append(raw)
        return None

    def _flush_down(self) -> None:
        if self._to_client:
            parts, self._to_client = self._to_client, []
            if not self.client.is_closing():
                self.client.writelines(parts)

    async def _deliver_through(self, raw: bytes, sent: Sent) -> None:
        """Deliver a reply, with faults around it."""
        now, name = time.monotonic_ns(), self.endpoint.name
        exchange = Exchange(name, sent.argv, sent.reply, sent.t_sent, now)
        with ExitStack() as passed:
            await self._deliver_faulty(raw, sent, exchange, passed)

    async def _deliver_faulty(
        self, raw: bytes, sent: Sent, exchange: Exchange, passed: ExitStack
    ) -> None:
        outcome = await self._inject(sent.injections, "before-reply", exchange, passed)
        if outcome is DROP:
            self._miss(sent.injections, "another fault dropped the reply")
            return
        raw = outcome.answer or raw
        await self.endpoint.down_gate.wait()
        if all(injection.fault.side != "after-reply" for injection in sent.injections):
            await self._write(self.client, raw, outcome.pieces)
            return
        # The client is faster than a signal: what it sends next must not overtake the fault.
        self.up.stall()
        try:
            await self.endpoint.find_peers()  # once it has its reply, it may close the connection
            await self._write(self.client, raw, outcome.pieces)
            await self._inject(sent.injections, "after-reply", exchange, passed)
        finally:
            self.up.unstall()
        self._miss(sent.injections, "the client had gone")

    async def _inject(
        self, injections: Sequence[Injection], side: Side, exchange: Exchange, passed: ExitStack
    ) -> Outcome:
        """Carry out the faults on one side of a command, and tell what becomes of it."""
        answer, pieces = None, None
        for injection in injections:
            if injection.fault.side != side or (side == "after-reply" and self._client_closed):
                continue
            outcome = await Site(injection, self, exchange, passed).inject()
            if side != "after-reply" and outcome is DROP:
                return DROP
            answer = outcome.answer or answer
            pieces = pieces if outcome.pieces is None else outcome.pieces
        return Outcome(answer, pieces)

    async def _write(self, sink: asyncio.Transport, raw: bytes, pieces: int | None) -> None:
        """Write, in pieces if asked to (`Outcome.pieces`), until the kernel has all of it."""
        for n, piece in enumerate(_pieces(raw, pieces)):
            if n:
                await asyncio.sleep(0.001)
            if not sink.is_closing():
                sink.write(piece)
            nap_s = 0.0  # the loop writes what it is given when it comes round
            while sink.get_write_buffer_size() and not self._closed(sink):
                await asyncio.sleep(nap_s)
                nap_s = 0.001

    def _closed(self, side: asyncio.Transport) -> bool:
        return self._client_closed if side is self.client else self._server_closed

    # The end.

    def _settle(self) -> None:
        """The client's end has been reached: leave the server, once it owes nothing.

        A command that blocks is not waited for. It would go on for a client that is no more, take
        something, and lose it; the server drops it as soon as it sees the connection close.
        """
        if self.server is None or self._server_closed:
            return
        if not self.pending.at_server or self.pending.in_flight[0].blocks():
            self.server.close()
        elif self._linger is None:
            loop = asyncio.get_running_loop()
            self._linger = loop.call_later(LINGER_S, self.server.abort)

    def _miss(self, injections: Sequence[Injection], reason: str) -> None:
        for injection in injections:
            if not injection.settled:
                self.endpoint.context.journal.missed(injection, reason)

    def _forget(self) -> None:
        if self._client_closed and self._server_closed:
            self.endpoint.connections.discard(self)

    def _unread(self) -> int:
        """Bytes from the client that the proxy has not read yet."""
        sock = self.client.get_extra_info("socket")
        if sock is None or self.client.is_closing():
            return 0
        waiting = fcntl.ioctl(sock.fileno(), termios.FIONREAD, bytes(4))
        return int.from_bytes(waiting, sys.byteorder)


def _pieces(raw: bytes, pieces: int | None) -> Iterator[bytes]:
    """The pieces in which a frame is passed on (`Outcome.pieces`)."""
    if pieces == 0:
        yield from (raw[n : n + 1] for n in range(min(len(raw), _SINGLE_BYTES)))
        raw = raw[_SINGLE_BYTES:]
    size = -(-len(raw) // (pieces or 1))
    yield from (raw[start : start + size] for start in range(0, len(raw), size or 1))
