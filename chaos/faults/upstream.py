"""Where the server is, how to reach it, and the URL by which a process reaches the proxy."""

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import SplitResult, parse_qs, urlencode, urlsplit

CONNECT_TIMEOUT_S = 5.0
_TLS_OPTION = "ssl_"


@dataclass(frozen=True, slots=True)
class Upstream:
    """A Redis server by its URL: `redis://`, `rediss://` or `unix://`, as redis-py writes them."""

    parts: SplitResult
    tls: ssl.SSLContext | None

    @classmethod
    def of(cls, url: str) -> "Upstream":
        """Raises ValueError for a URL of another kind."""
        parts = urlsplit(url)
        if parts.scheme not in ("redis", "rediss", "unix"):
            raise ValueError(f"not a redis://, rediss:// or unix:// URL: {url!r}")
        return cls(parts, _tls(parts) if parts.scheme == "rediss" else None)

    def url_at(self, port: int) -> str:
        """What a process uses instead: same user, password, database and options, no TLS."""
        login, at, _ = self.parts.netloc.rpartition("@")
        options = parse_qs(self.parts.query)
        path = self.parts.path
        if self.parts.scheme == "unix":
            path = "/" + options.pop("db", ["0"])[0]
        kept = {name: v for name, v in options.items() if not name.startswith(_TLS_OPTION)}
        query = "?" + urlencode(kept, doseq=True) if kept else ""
        return f"redis://{login}{at}127.0.0.1:{port}{path}{query}"

    async def connect(self, protocol: Callable[[], asyncio.Protocol]) -> None:
        """Open a connection. Raises OSError (TimeoutError and ssl.SSLError are some)."""
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(CONNECT_TIMEOUT_S):
            if self.parts.scheme == "unix":
                await loop.create_unix_connection(protocol, self.parts.path)
                return
            await loop.create_connection(
                protocol, self.parts.hostname or "localhost", self.parts.port or 6379, ssl=self.tls
            )


def _tls(parts: SplitResult) -> ssl.SSLContext:
    """redis-py's TLS options: ssl_ca_certs, ssl_certfile, ssl_keyfile, ssl_cert_reqs."""
    options = {name: values[0] for name, values in parse_qs(parts.query).items()}
    context = ssl.create_default_context(cafile=options.get("ssl_ca_certs"))
    if options.get("ssl_cert_reqs", "required") == "none":
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    elif options.get("ssl_check_hostname", "true").lower() in ("false", "no", "0"):
        context.check_hostname = False
    if "ssl_certfile" in options:
        context.load_cert_chain(options["ssl_certfile"], options.get("ssl_keyfile"))
    return context
