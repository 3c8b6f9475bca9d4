"""The URL of a server: the options that it may set, and a form that shows no password."""

import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any
from urllib.parse import unquote, unquote_plus, urlsplit

import redis
from redis.asyncio import connection as asyncio_redis
from redis.exceptions import RedisError

from .errors import meant

#: The options of redis-py that name the server and how to get in.
_THEIRS = (
    "host", "port", "path", "db", "username", "client_name", "protocol", "health_check_interval",
    "socket_keepalive", "socket_read_size", "lib_name", "lib_version", "connection_class",
    "ssl_keyfile", "ssl_certfile", "ssl_cert_reqs", "ssl_ca_certs", "ssl_ca_path", "ssl_ca_data",
    "ssl_check_hostname", "ssl_min_version", "ssl_ciphers", "ssl_include_verify_flags",
    "ssl_exclude_verify_flags",
)  # fmt: skip
_SECRETS = ("password", "ssl_password")
#: The options that change the form of answers, the wait for them, or the number of tries. A URL may
#: have them, because other programs share it, but they change nothing here.
_OURS = (
    "decode_responses", "encoding", "encoding_errors", "legacy_responses", "max_connections",
    "timeout", "socket_timeout", "socket_connect_timeout", "retry_on_timeout", "retry_on_error",
)  # fmt: skip


class RedisUrl(str):
    """A URL whose repr shows no password: reprs end up in errors and logs."""

    __slots__ = ()

    def __repr__(self) -> str:
        return repr(mask(self))


def mask(text: str) -> str:
    """The text with `***` in place of passwords in URLs. It hides rather too much than too little,
    because a password may contain, unquoted, a character that ends it for a parser."""
    text = re.sub(r"(?s)(://[^:@]*:).*@", r"\1***@", text)
    text = re.sub(r"(?s)(://:)(?!\*\*\*@|[0-9]+(?:[/?]|$)).*", r"\1***", text)
    return re.sub(r"(?s)([?&])([^=&?]*)=([^&]*)", _shown, text)


def _shown(option: re.Match[str]) -> str:
    before, name, value = option.groups()
    plain = unquote_plus(name) in (*_THEIRS, *_OURS)
    return f"{before}{name}={value if plain else '***'}"


def options(url: str, parse: Callable[[str], Mapping[str, Any]]) -> dict[str, Any]:
    """The options that redis-py reads from a flawless URL, without those that it may not set."""
    found = {name: value for name, value in parse(url).items() if name not in _OURS}
    numbers = {"protocol", "port", "socket_read_size"} & found.keys()  # redis-py 6 leaves them text
    return found | {name: int(found[name]) for name in numbers}


def signed(options: Mapping[str, Any]) -> dict[str, Any]:
    """The options with who we are. redis-py 8 looks its version up for each new connection."""
    told = {"lib_name", "lib_version"} & options.keys() or not hasattr(redis, "DriverInfo")
    return {**options} if told else {"driver_info": _driver_info(), **options}


@cache
def _driver_info() -> Any:
    return redis.DriverInfo()


def flaw(url: object) -> str:
    """Say why a URL cannot work; empty if it can. Repeats only option names, never their values."""
    if not isinstance(url, str) or not url.startswith(("redis://", "rediss://", "unix://")):
        return "give text that begins with redis://, rediss:// or unix://"
    try:
        parts = urlsplit(url)
        port, at_unix = parts.port, parts.scheme == "unix"
    except ValueError:  # do not quote it: its text may repeat a password
        return "its host or port cannot be read; percent-encode what is special in a password"
    if at_unix and (parts.hostname or not parts.path):
        return "give the socket's whole path after three slashes"
    if port == 0 or parts.fragment or any("=" not in o for o in parts.query.split("&") if o):
        return "its port or options cannot be read; percent-encode what is special in a password"
    if not at_unix and not re.fullmatch("/?[0-9]*/?", unquote(parts.path)):
        return "its path must be the number of a database"
    try:
        found = options(url, asyncio_redis.parse_url)
        for name in found:
            if name not in (*_THEIRS, *_SECRETS):
                return f"it has no option {name!r}{meant(name, (*_THEIRS, *_SECRETS))}"
        if found.get("db", 0) < 0:
            return "its path must be the number of a database"
        found.pop("connection_class", asyncio_redis.Connection)(**signed(found))  # does not connect
    except (ValueError, TypeError, RedisError) as error:
        return f"redis-py refuses its options: {error}"
    return ""
