"""The short way to a reply: whatever comes over a connection, a command gets its own answer, or an
error at once."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from urllib.parse import urlsplit

import pytest
import uvloop

from rrq_ref import Client, Settings, StoreError, StoreUnavailable, keys, line

#: RESP3 for something that nobody asked for.
PUSH = b">2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\nk\r\n"

#: What a peer sends in place of some bytes of the server's, each piece by itself; None closes.
Change = Callable[[bytes], list[bytes | None]]


@pytest.fixture(params=[asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def runner(request: pytest.FixtureRequest) -> Iterator[asyncio.Runner]:
    with asyncio.Runner(loop_factory=request.param) as one:
        yield one


pytestmark = pytest.mark.usefixtures("runner")


class Peer:
    """Stands between a client and the server, and changes what the server says."""

    def __init__(self, target: str, tls: ssl.SSLContext | None = None) -> None:
        self._target = urlsplit(target)
        self._tls = tls
        self.change: Change = lambda data: [data]
        self.connections = 0
        self._tasks: list[asyncio.Task[None]] = []
        self._writers: list[asyncio.StreamWriter] = []

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[str]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self._tls)
        user = self._target.netloc.rpartition("@")[0]
        host, port = server.sockets[0].getsockname()
        scheme = "rediss" if self._tls else "redis"
        try:
            yield f"{scheme}://{user}{'@' if user else ''}{host}:{port}{self._target.path}"
        finally:
            server.close()
            for writer in self._writers:
                writer.close()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        up_reader, up_writer = await asyncio.open_connection(
            self._target.hostname, self._target.port
        )
        self._writers += (up_writer, writer)
        for carry in (self._carry(reader, up_writer, None), self._carry(up_reader, writer, self)):
            self._tasks.append(asyncio.create_task(carry))

    async def _carry(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, peer: Peer | None
    ) -> None:
        while data := await source.read(65_536):
            for piece in peer.change(data) if peer else [data]:
                if piece is None:
                    sink.close()
                    return
                sink.write(piece)
                await sink.drain()
                await asyncio.sleep(0)
        sink.close()


def pieces(data: bytes) -> list[bytes | None]:
    return [data[n : n + 1] for n in range(len(data))]


async def test_a_reply_that_comes_in_pieces(settings: Settings, url: str) -> None:
    peer = Peer(url)
    async with peer.serving() as address, Client(replace(settings, redis_url=address)) as client:
        job = await client.enqueue("send", 1)
        peer.change = pieces
        assert await client.job(job.id) == job
        assert (await client.enqueue("send", 1, job_id=job.id)) == job
    assert peer.connections == 1


@pytest.mark.parametrize("change", [pieces, lambda data: [PUSH + data]], ids=["bits", "pushes"])
async def test_commands_of_one_packet_have_their_own_replies(
    settings: Settings, url: str, change: Change
) -> None:
    peer = Peer(url)
    async with peer.serving() as address, Client(replace(settings, redis_url=address)) as client:
        job = await client.enqueue("send", job_id="a")
        peer.change = change
        run = client.store.run
        assert await run([("LLEN", "none"), ("TYPE", keys.job("a"))]) == [0, b"hash"]
        with pytest.raises(StoreError, match="WRONGTYPE"):
            await run([("TYPE", "none"), ("LLEN", keys.job("a")), ("TYPE", "none")])
        assert await client.job("a") == job
    assert peer.connections == 1


async def test_what_nobody_asked_for_is_no_reply(settings: Settings, url: str) -> None:
    peer = Peer(url)
    async with peer.serving() as address, Client(replace(settings, redis_url=address)) as client:
        job = await client.enqueue("send")
        peer.change = lambda data: [PUSH + PUSH + data]
        assert await client.job(job.id) == job
        peer.change = lambda data: [PUSH, data]
        assert await client.job(job.id) == job
        peer.change = lambda data: [data[:-1], data[-1:] + PUSH]
        assert await client.job(job.id) == job
        peer.change = lambda data: [data]
        assert await client.job(job.id) == job


async def test_a_connection_with_half_of_something_left_is_not_used_again(
    settings: Settings, url: str
) -> None:
    peer = Peer(url)
    async with peer.serving() as address, Client(replace(settings, redis_url=address)) as client:
        job = await client.enqueue("send")
        peer.change = lambda data: [data + PUSH[:9]]
        assert await client.job(job.id) == job
        peer.change = lambda data: [data]
        assert await client.job(job.id) == job
    assert peer.connections == 2


@pytest.mark.parametrize("last", [b"", b"$5\r\nhal"], ids=["at once", "within a reply"])
async def test_a_connection_that_closes_ends_its_command_at_once(
    settings: Settings, url: str, last: bytes
) -> None:
    """Not only when the command's time is up."""
    peer = Peer(url)
    settings = replace(settings, command_timeout_ms=3_600_000)
    async with peer.serving() as address, Client(replace(settings, redis_url=address)) as client:
        job = await client.enqueue("send")
        peer.change = lambda _: [last, None] if last else [None]
        with pytest.raises(StoreUnavailable, match="closed"):
            await client.job(job.id)
        peer.change = lambda data: [data]
        assert await client.job(job.id) == job


async def test_a_peer_that_speaks_another_language_is_told_so(settings: Settings, url: str) -> None:
    peer = Peer(url)
    settings = replace(settings, command_timeout_ms=3_600_000)
    async with peer.serving() as address, Client(replace(settings, redis_url=address)) as client:
        job = await client.enqueue("send")
        peer.change = lambda _: [b"HTTP/1.1 400 Bad Request\r\n\r\n"]
        with pytest.raises(StoreUnavailable, match="InvalidResponse"):
            await client.job(job.id)
        peer.change = lambda data: [data]
        assert await client.job(job.id) == job
    assert peer.connections == 2


async def test_over_tls(settings: Settings, url: str) -> None:
    """Without certificates: nobody checks here who the other one is."""
    ciphers = "AECDH:@SECLEVEL=0"
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.maximum_version = ssl.TLSVersion.TLSv1_2
    try:
        tls.set_ciphers(ciphers)
    except ssl.SSLError:
        pytest.skip("this OpenSSL has no ciphers without certificates")
    peer = Peer(url, tls)
    async with peer.serving() as address:
        address += f"?ssl_cert_reqs=none&ssl_check_hostname=false&ssl_ciphers={ciphers}"
        async with Client(replace(settings, redis_url=address)) as client:
            job = await client.enqueue("send", "x" * 200_000)
            assert await client.job(job.id) == job
            peer.change = pieces
            small = await client.enqueue("send")
            assert await client.job(small.id) == small


async def test_without_hiredis(
    settings: Settings, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(line, "hiredis", None)
    peer = Peer(url)
    async with peer.serving() as address, Client(replace(settings, redis_url=address)) as client:
        job = await client.enqueue("send")
        peer.change = pieces
        assert await client.job(job.id) == job
