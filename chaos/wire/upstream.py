"""The server's address, the way to it, and the URL by which a process reaches the proxy.

redis-py reads the URL and makes the TLS context, so that the proxy reaches what a client reaches.
"""

import asyncio
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import redis
from redis.connection import SSLConnection, UnixDomainSocketConnection, parse_url

from chaos.errors import ChaosError
from chaos.servers.problem import ServerProblem, mask

CONNECT_TIMEOUT_S = 5.0
"""Limit for opening a connection; longer if the URL says so."""

_PLACE = ("host", "port", "path", "db", "username", "password")
#: The options that redis-py checks beside the certificate, on connections of its own.
_BESIDES = ("ssl_validate_ocsp", "ssl_ocsp")


class UpstreamProblem(ChaosError):
    """The proxy cannot reach the server. The message says why, in a sentence without secrets."""


@dataclass(frozen=True, slots=True)
class Upstream:
    """A Redis server by its URL: `redis://`, `rediss://` or `unix://`, as redis-py writes them."""

    url: str
    #: What redis-py makes of it.
    options: dict[str, Any]
    #: The path of its socket; None for a host.
    path: str | None
    tls: ssl.SSLContext | None

    @classmethod
    def of(cls, url: str) -> "Upstream":
        """Raises ValueError for a URL of another kind, ServerProblem for TLS files that cannot be
        used."""
        parse: Any = parse_url  # redis-py gives it no types
        try:
            options: dict[str, Any] = parse(url)
        except ValueError:  # not told on: it may quote the password
            raise ValueError(
                f"not a redis://, rediss:// or unix:// URL that redis-py can read: {mask(url)!r}"
            ) from None
        kind = options.pop("connection_class", None)
        path = options.get("path", "") if kind is UnixDomainSocketConnection else None
        tls = _tls(url, options) if kind is SSLConnection else None
        return cls(url, options, path, tls)

    def url_at(self, port: int) -> str:
        """The URL for a process instead: same user, password, database and options, no TLS."""
        user, password = (self.options.get(name) or "" for name in ("username", "password"))
        login = quote(user, safe="") + (f":{quote(password, safe='')}" if password else "")
        at = "@" if login else ""
        given = parse_qs(urlsplit(self.url).query)
        kept = {k: v for k, v in given.items() if k not in _PLACE and not k.startswith("ssl_")}
        query = "?" + urlencode(kept, doseq=True) if kept else ""
        return f"redis://{login}{at}127.0.0.1:{port}/{self.options.get('db', 0)}{query}"

    async def connect(self, protocol: Callable[[], asyncio.Protocol]) -> None:
        """Open a connection. Raises UpstreamProblem."""
        loop, options = asyncio.get_running_loop(), self.options
        try:
            async with asyncio.timeout(self.limit_s):
                if self.path is not None:
                    await loop.create_unix_connection(protocol, self.path)
                else:
                    host, port = options.get("host", "localhost"), options.get("port", 6379)
                    await loop.create_connection(protocol, host, int(port), ssl=self.tls)
        except TimeoutError:
            raise UpstreamProblem(self._told(f"no answer within {self.limit_s:g} s")) from None
        except (OSError, ValueError) as error:
            reason = getattr(error, "verify_message", "") or getattr(error, "strerror", "")
            raise UpstreamProblem(self._told(reason or str(error) or repr(error))) from error

    async def check(self) -> None:
        """Open a connection and close it. Raises UpstreamProblem."""
        closing = _Closing()
        await self.connect(lambda: closing)
        await closing.closed.wait()

    @property
    def limit_s(self) -> float:
        """Limit for opening a connection, in seconds."""
        return max(CONNECT_TIMEOUT_S, self.options.get("socket_connect_timeout") or 0.0)

    def _told(self, reason: str) -> str:
        return f"the wire proxy cannot connect to {mask(self.url)} ({reason})"


def _tls(url: str, options: dict[str, Any]) -> ssl.SSLContext:
    """The context that redis-py connects with."""
    ours = {name: options[name] for name in options if name.startswith("ssl_")}
    kept: Any = {name: v for name, v in ours.items() if not name.startswith(_BESIDES)}
    connection: Any = SSLConnection
    try:
        # It makes one for each socket, and shows it nowhere else; this socket stays unconnected.
        made = connection(host=options.get("host", "localhost"), **kept)
        with socket.socket() as plain, made._wrap_socket_with_ssl(plain) as wrapped:
            context: ssl.SSLContext = wrapped.context
            return context
    except (OSError, ValueError, TypeError, redis.RedisError) as error:
        raise ServerProblem(
            f"the TLS options of {mask(url)} cannot be used ({error}); correct them"
        ) from error


class _Closing(asyncio.Protocol):
    """A connection that is closed as soon as it is open."""

    def __init__(self) -> None:
        self.closed = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed.set()
