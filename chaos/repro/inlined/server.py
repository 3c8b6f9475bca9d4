"""A Redis server, and its protocol as far as it is needed."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO, Any
from urllib.parse import unquote, urlsplit

#: The name of the script's own connections.
_OURS = "repro-script"


class CannotTry(Exception):
    """The finding can be tried here in no way; the message says why."""


def read_value(stream: IO[bytes]) -> tuple[bytes, Any]:
    """The next command, or reply (RESP 2 or 3): its bytes, and its value."""
    line = stream.readline()
    if not line.endswith(b"\r\n"):
        raise ConnectionError("the connection is closed")
    kind, rest = line[:1], line[1:-2]
    if kind in b"$=!":
        body = stream.read(int(rest) + 2) if rest != b"-1" else b""
        return line + body, body[:-2] if body else None
    if kind in b"*~>%|":
        parts = [read_value(stream) for _ in range(int(rest) * (2 if kind in b"%|" else 1))]
        raw, values = line + b"".join(raw for raw, _ in parts), [value for _, value in parts]
        if kind == b"|":  # attributes stand before the value that they are about
            more, values = read_value(stream)
            raw += more
        return raw, None if rest == b"-1" else values
    if kind == b"_":
        return line, None
    return line, int(rest) if kind == b":" else rest


class Server:
    """A server of the script's own, with its data in a directory, or the one at a URL."""

    def __init__(self, url: str | None, directory: Path) -> None:
        self.own = url is None
        if url is None:
            with socket.create_server(("127.0.0.1", 0)) as free:
                url = f"redis://127.0.0.1:{free.getsockname()[1]}/0"
        place = urlsplit(url)
        if place.scheme != "redis" or not place.hostname:
            raise CannotTry(f"{url} is no URL like redis://:password@host:6379/0")
        self.url = url
        self.address = (place.hostname, place.port or 6379)
        self._login = [unquote(word) for word in (place.username, place.password) if word]
        self._database = place.path.strip("/") or "0"
        self._directory = directory
        self._process: subprocess.Popen[bytes] | None = None

    def behind(self, port: int) -> str:
        """The same URL through a proxy on this port."""
        login, at, _ = urlsplit(self.url).netloc.rpartition("@")
        return f"redis://{login}{at}127.0.0.1:{port}/{self._database}"

    def start(self) -> None:
        """Start it, or see that the one at the URL is there and empty. Its data stay."""
        if self.own:
            program = shutil.which("redis-server") or shutil.which("valkey-server")
            if program is None:
                raise CannotTry(
                    "no redis-server or valkey-server is on PATH; install one, or give --redis URL"
                )
            self._directory.mkdir(exist_ok=True)
            words = ["--port", str(self.address[1]), "--bind", "127.0.0.1", "--save", ""]
            words += ["--appendonly", "yes", "--dir", str(self._directory)]
            with (self._directory / "log").open("ab") as log:
                self._process = subprocess.Popen([program, *words], stdout=log, stderr=log)
        if not _comes_true(lambda: self.ask("PING") == b"PONG"):
            raise CannotTry(f"no server answers at {self.url}")
        if not self.own and self.ask("DBSIZE"):
            raise CannotTry(
                f"the database {self._database} of {self.url} is not empty; give another"
            )

    def stop(self) -> None:
        """Shut it down in an orderly way."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait()

    def clean(self) -> None:
        """Leave the database of a server that is not the script's own as it was: empty."""
        if not self.own:
            self.ask("FLUSHDB")

    def ask(self, *words: str) -> Any:
        """The answer to one command; an error is a text that begins with its name."""
        with socket.create_connection(self.address, 10) as link, link.makefile("rb") as replies:
            login = [["AUTH", *self._login]] if self._login else []
            named = ["CLIENT", "SETNAME", _OURS]
            for command in [*login, ["SELECT", self._database], named, [*words]]:
                sent = [word.encode() for word in command]
                parts = [b"$%d\r\n%s\r\n" % (len(word), word) for word in sent]
                link.sendall(b"*%d\r\n%s" % (len(sent), b"".join(parts)))
                _, answer = read_value(replies)
            return answer

    def clients(self) -> set[bytes]:
        """The connections of others to it, each by its number."""
        lines = self.ask("CLIENT", "LIST").splitlines()
        return {line.split()[0] for line in lines if f" name={_OURS} ".encode() not in line}

    def version(self) -> str:
        """Its name and its release."""
        told = self.ask("INFO", "server").decode().splitlines()
        found = dict(line.split(":", 1) for line in told if ":" in line)
        if "valkey_version" in found:
            return f"valkey {found['valkey_version']}"
        return f"redis {found['redis_version']}"


def _comes_true(condition: Callable[[], bool], limit_s: float = 10) -> bool:
    """True as soon as it holds; False if it does not in time."""
    end = time.monotonic() + limit_s
    while time.monotonic() < end:
        with suppress(OSError):
            if condition():
                return True
        time.sleep(0.02)
    return False
