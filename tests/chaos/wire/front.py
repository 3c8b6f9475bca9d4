"""A port in front of a server that speaks TLS, or IPv6."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

TLS = Path(__file__).with_name("tls")
"""A certificate that signs itself, for localhost. Its keys protect nothing."""
CERTIFICATE = TLS / "certificate.pem"
#: The same key, and locked by `LOCK`.
KEY, LOCKED_KEY, LOCK = TLS / "key.pem", TLS / "locked_key.pem", "lo cked#%&"
#: The name of the certificate in a directory of trusted ones.
HASHED = "ce275665.0"


def tls(*, clients: bool = False) -> ssl.SSLContext:
    """The front's TLS settings; with `clients` it asks for their certificates."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE, KEY)
    if clients:
        context.load_verify_locations(CERTIFICATE)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


@contextmanager
def in_front_of(
    url: str, context: ssl.SSLContext | None = None, host: str = "127.0.0.1"
) -> Iterator[int]:
    """A port of `host` that passes everything on to the server at `url`."""
    target = urlsplit(url)

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        writer.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.ExitStack() as open_writers:
            open_writers.callback(writer.close)
            there = await asyncio.open_connection(target.hostname, target.port)
            open_writers.callback(there[1].close)
            await asyncio.gather(pump(reader, there[1]), pump(there[0], writer))

    async def open_front() -> asyncio.Server:
        return await asyncio.start_server(serve, host, 0, ssl=context)

    async def close_front() -> None:
        front.close()
        await asyncio.sleep(0)  # whoever has just come begins; cancelled before, nothing closes it
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    loop = asyncio.new_event_loop()
    loop.set_exception_handler(lambda *_: None)  # clients that do not like the certificate
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    front = asyncio.run_coroutine_threadsafe(open_front(), loop).result(10)
    try:
        yield front.sockets[0].getsockname()[1]
    finally:
        asyncio.run_coroutine_threadsafe(close_front(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()
