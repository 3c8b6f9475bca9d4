"""A slow line is not a dead server: large transfers may take long, and only silence ends them."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from urllib.parse import urlsplit

import pytest

from rrq_ref.client import Client
from rrq_ref.connection import connect
from rrq_ref.errors import StoreUnavailable
from rrq_ref.settings import Settings
from rrq_ref.silence import patient
from rrq_ref.worker import Worker

from .database import Database
from .running import until

PIECE = 16_384


class Line:
    """A line to the server with a limit of bytes per second in each direction, or a silent one."""

    def __init__(self, target: str, bytes_per_s: int) -> None:
        self._target = urlsplit(target)
        self._pause_s = PIECE / bytes_per_s
        self.talking = asyncio.Event()
        self.talking.set()
        self._tasks: set[asyncio.Task[None]] = set()
        self.url = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        host, port = self._target.hostname, self._target.port
        up_reader, up_writer = await asyncio.open_connection(host, port)
        for source, sink in ((reader, up_writer), (up_reader, writer)):
            task = asyncio.create_task(self._carry(source, sink))
            self._tasks.add(task)

    async def _carry(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        try:
            while data := await source.read(PIECE):
                await asyncio.sleep(self._pause_s * len(data) / PIECE)
                await self.talking.wait()
                sink.write(data)
                await sink.drain()
        except ConnectionError:
            pass
        finally:
            sink.close()

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


@asynccontextmanager
async def line(target: str, bytes_per_s: int) -> AsyncIterator[Line]:
    it = Line(target, bytes_per_s)
    # A line holds little, unlike this machine's own buffers.
    listener = socket.create_server(("127.0.0.1", 0))
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, PIECE)
    server = await asyncio.start_server(it.serve, sock=listener, limit=PIECE)
    host, port = listener.getsockname()
    parts = urlsplit(target)
    user = parts.netloc.rpartition("@")[0]
    it.url = f"redis://{user}{'@' if user else ''}{host}:{port}{parts.path}"
    try:
        yield it
    finally:
        server.close()
        await it.close()


@pytest.fixture
def hasty(settings: Settings) -> Settings:
    """Settings whose commands may take less time than a transfer takes here."""
    return replace(settings, command_timeout_ms=500)


async def test_what_is_large_takes_its_time_in_both_directions(url: str, hasty: Settings) -> None:
    """2 MB at 2 MB/s: twice the time-out of a command."""
    async with line(url, 2_000_000) as slow, Client(replace(hasty, redis_url=slow.url)) as client:
        await client.enqueue("send", job_id="first")
        await client.enqueue("send", "x" * 2_000_000, job_id="a")
        assert len((await client.job("a")).args[0]) == 2_000_000


async def test_silence_ends_a_command(url: str, hasty: Settings) -> None:
    async with line(url, 10_000_000) as slow:
        client = Client(replace(hasty, redis_url=slow.url))
        await client.enqueue("send", job_id="a")
        slow.talking.clear()
        with pytest.raises(StoreUnavailable):
            await client.job("a")
        slow.talking.set()
        await client.store.aclose()


async def test_large_jobs_over_a_slow_line_are_run_and_are_no_crashes(
    url: str, hasty: Settings, database: Database
) -> None:
    """Ten jobs of 200 kB at 1 MB/s with locks of 1 s: all in one answer would come too late."""
    settings = replace(hasty, lock_ttl_ms=1_000, batch_bytes=10_000_000, max_crashes=2)
    ran = []

    async def send(_: object, text: str) -> None:
        ran.append(len(text))

    async with Client(settings) as client:
        for n in range(10):
            await client.enqueue("send", "x" * 200_000, job_id=f"{n}")
    async with line(url, 1_000_000) as slow:
        redis = connect(replace(settings, redis_url=slow.url))
        worker = Worker(redis, {"send": send}, settings, worker_id="worker-1")
        task = asyncio.create_task(worker.run())
        await until(lambda: all(database.job(f"{n}")["status"] == "COMPLETED" for n in range(10)))
        worker.drain()
        await task
        await redis.aclose()
    assert ran == [200_000] * 10
    assert not any("crashes" in database.job(f"{n}") for n in range(10))


async def test_a_connection_that_is_lost_while_writing_is_no_other_error() -> None:
    """`writelines` of some Pythons looks for its loop after it has lost it."""

    class Lost:
        is_connected, _writer = True, None

        async def send_packed_command(self, command: object, check_health: bool) -> None:
            raise AttributeError("'NoneType' object has no attribute '_add_writer'")

    with pytest.raises(ConnectionError, match="lost while writing"):
        await patient(Lost)().send_packed_command([b"x"])
