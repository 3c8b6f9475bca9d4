"""A client that never waits in secret, and the first questions to a server.

`redis` exceptions become ServerProblem or NotReady here, and nowhere else.
"""

import contextlib
import socket
import ssl
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.connection import parse_url
from redis.retry import Retry

from chaos.errors import ChaosError
from chaos.servers.problem import ServerProblem, mask

OLDEST = (6, 2)
PING = b"*1\r\n$4\r\nPING\r\n"
LONGEST_ANSWER = 512  # bytes; +PONG and every error that Redis knows are far shorter
TLS_ALERT = b"\x15\x03"


class NotReady(ChaosError):
    """The server does not answer yet. It may do so a moment later."""


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """The identity of a server, as it says itself."""

    version: str
    """Product and version, for example `valkey 9.1.2`."""
    run_id: str
    process_id: int


def connect(url: str, *, timeout_s: float = 5.0) -> redis.Redis:
    """A client that tries once and waits `timeout_s` for each answer. Close it after use."""
    return redis.Redis.from_url(
        url,
        socket_timeout=timeout_s,
        socket_connect_timeout=timeout_s,
        # redis-py's default is up to ten more tries with growing pauses, depending on how the
        # client is made; said here so that it stays none.
        retry=Retry(NoBackoff(), 0),
        # RESP2 needs no HELLO, which servers that are too old would not understand.
        protocol=2,
    )


def probe(url: str, *, timeout_s: float) -> About:
    """Ask the server whether it answers, and who it is.

    Raises NotReady while it is unreachable or loading, ServerProblem when waiting will not help.
    """
    tls = url.startswith("rediss://")
    if not tls:
        _ping(url, timeout_s)
    try:
        with asking(url, timeout_s=timeout_s) as client:
            client.ping()
            return _about(url, client.info("server"))
    except NotReady:
        # Without TLS, Redis waits for the end of a line that a TLS greeting need not have.
        if tls and _answers_without_tls(url, timeout_s):
            raise ServerProblem(
                f"{mask(url)} does not speak TLS; give the URL as redis://"
            ) from None
        raise


@contextlib.contextmanager
def asking(url: str, *, timeout_s: float) -> Iterator[redis.Redis]:
    """A client for a few questions; its errors become NotReady or ServerProblem."""
    with translated(url), contextlib.closing(connect(url, timeout_s=timeout_s)) as client:
        yield client


@contextlib.contextmanager
def translated(url: str) -> Iterator[None]:
    """The errors of a client become NotReady or ServerProblem."""
    try:
        yield
    except redis.RedisError as error:
        raise _translated(url, error) from error


def check_url(url: str) -> None:
    """Raise ServerProblem if the URL itself is wrong."""
    try:
        _address(url)
        connect(url).close()
    except (ValueError, TypeError, redis.RedisError):
        # Neither the URL nor the reason is quoted: where it is malformed, so may its password be.
        raise ServerProblem(
            "the URL of the server is malformed; "
            "right is, for example, redis://:password@localhost:6379/0"
        ) from None


def _ping(url: str, timeout_s: float) -> None:
    """PING over a bare socket, where a stranger on the port can neither stall us nor flood us."""
    deadline = time.monotonic() + timeout_s
    answer = b""
    try:
        with _open_socket(_address(url), timeout_s) as sock:
            sock.sendall(PING)
            while b"\n" not in answer and len(answer) < LONGEST_ANSWER:
                sock.settimeout(max(0.001, deadline - time.monotonic()))
                piece = sock.recv(LONGEST_ANSWER)
                if not piece:
                    break
                answer += piece
    except TimeoutError:
        if not answer:
            raise NotReady(f"nothing answered PING at {mask(url)} in {timeout_s:g} s") from None
    except OSError as error:
        raise NotReady(f"{mask(url)} cannot be reached ({error.strerror or error})") from error
    if not answer:
        raise NotReady(f"{mask(url)} closed the connection without an answer")
    if answer.startswith(TLS_ALERT):
        raise ServerProblem(f"{mask(url)} expects TLS; give the URL as rediss://")
    # "+PONG", or an error in capitals: -NOAUTH, -LOADING, -DENIED ...
    if not (answer.startswith(b"+PONG\r\n") or (answer[:1] == b"-" and answer[1:2].isupper())):
        raise _not_redis(url, answer)


def _answers_without_tls(url: str, timeout_s: float) -> bool:
    try:
        _ping(url, timeout_s)
    except (NotReady, ServerProblem):
        return False
    return True


def _address(url: str) -> dict[str, Any]:
    parse: Any = parse_url  # redis-py gives it no types.
    parts: dict[str, Any] = parse(url)
    return parts


def _open_socket(address: dict[str, Any], timeout_s: float) -> socket.socket:
    if "path" not in address:
        place = (address.get("host", "localhost"), address.get("port", 6379))
        return socket.create_connection(place, timeout_s)
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    sock.settimeout(timeout_s)
    try:
        sock.connect(address["path"])
    except OSError:
        sock.close()
        raise
    return sock


def _not_redis(url: str, answer: bytes) -> ServerProblem:
    return ServerProblem(
        f"{mask(url)} is not a Redis server: it answered PING with {answer[:40]!r}; "
        "give the address of a Redis or Valkey server"
    )


def _about(url: str, info: Any) -> About:
    oldest = ".".join(map(str, OLDEST))
    compatible = str(info.get("redis_version", "0"))
    if "valkey_version" in info:
        version = f"valkey {info['valkey_version']}"
    else:
        version = f"redis {compatible}"
    if _numbers(compatible) < OLDEST:
        raise ServerProblem(
            f"{mask(url)} is {version}, which is too old; give one of version {oldest} or newer"
        )
    return About(
        version=version,
        run_id=str(info.get("run_id", "")),
        process_id=int(info.get("process_id", 0)),
    )


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) if part.isdigit() else 0 for part in version.split(".")[:2])


def _translated(url: str, error: redis.RedisError) -> Exception:
    place = mask(url)
    text = str(error)
    if isinstance(error, redis.AuthenticationError):
        if "without any password configured" in text or "no password is set" in text:
            return ServerProblem(f"{place} has no password, but the URL gives one; leave it out")
        if "WRONGPASS" in text or error.status_code == "WRONGPASS":
            return ServerProblem(
                f"{place} refused the user name or password (WRONGPASS); correct it in the URL"
            )
        return ServerProblem(
            f"{place} wants a password (NOAUTH); give it in the URL, redis://user:password@host"
        )
    if isinstance(error, redis.exceptions.NoPermissionError):
        return ServerProblem(
            f"the user of {place} may not run what the rig needs ({text}); give one with all rights"
        )
    if _caused_by_tls(error):
        return ServerProblem(
            f"TLS with {place} failed ({text.rstrip('.')}); check the certificate, "
            "or give redis:// if the server does not speak TLS"
        )
    if isinstance(error, redis.exceptions.InvalidResponse):
        return ServerProblem(f"{place} is not a Redis server; give the address of one")
    if isinstance(error, (redis.ConnectionError, redis.TimeoutError)):
        if "Invalid Database" in text:
            return ServerProblem(f"{place} has no database of that number; give a smaller one")
        return NotReady(f"{place} does not answer ({text.rstrip('.')})")
    if "DB index" in text:
        return ServerProblem(f"{place} has no database of that number; give a smaller one")
    return ServerProblem(f"{place} refused the rig's first questions ({text})")


def _caused_by_tls(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, ssl.SSLError):
            return True
        error = error.__cause__ or error.__context__
    return False
