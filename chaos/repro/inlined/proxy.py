"""A proxy between one worker and the server, which strikes at one command."""

from __future__ import annotations

import hashlib
import re
import socket
import struct
import threading
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from fnmatch import fnmatchcase

from chaos.repro.inlined.server import read_value

_RESET_WHEN_CLOSED = struct.pack("ii", 1, 0)
#: The name of a command of which only the number is given.
_ANY = ""
_SCRIPTS = (b"EVAL", b"EVALSHA", b"FCALL")


class Proxy:
    """Counts the worker's commands by their names, and strikes at the one that is `at`, such as
    `claim.1`: before it is sent on (`before-send`), or before its reply is (`before-reply`).

    `strike` is true if the command, or the reply, goes on afterwards; otherwise it is dropped, and
    the connection with it. `claimed` is called when a claim has found a job.
    """

    def __init__(
        self,
        upstream: tuple[str, int],
        at: str,
        side: str,
        moments: Mapping[str, str],
        strike: Callable[[], bool],
        claimed: Callable[[], None] = lambda: None,
    ) -> None:
        self.struck = threading.Event()
        self._upstream, self._side, self._moments = upstream, side, moments
        self._name, _, number = at.rpartition(".")
        self._nth = int(number)
        self._strike, self._claimed = strike, claimed
        self._seen: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(self._upstream)
                #: Of each command that waits for its reply: its name, and whether it is the one.
                sent: deque[tuple[str, bool]] = deque()
                for pump in (self._commands, self._replies):
                    threading.Thread(target=pump, args=(client, server, sent), daemon=True).start()

    def _commands(
        self, client: socket.socket, server: socket.socket, sent: deque[tuple[str, bool]]
    ) -> None:
        queued: list[list[bytes]] = []
        with suppress(OSError, ValueError), client.makefile("rb") as commands:
            while True:
                raw, argv = read_value(commands)
                name = name_of(argv, queued, self._moments)
                queued = [] if argv[0].upper() in (b"MULTI", b"EXEC") else [*queued, argv]
                its = self._is_the_one(name)
                if its and self._side == "before-send" and not self._hit():
                    break
                sent.append((name, its))
                server.sendall(raw)
        _cut(client, server)

    def _replies(
        self, client: socket.socket, server: socket.socket, sent: deque[tuple[str, bool]]
    ) -> None:
        with suppress(OSError, ValueError), server.makefile("rb") as replies:
            while True:
                raw, value = read_value(replies)
                if not raw.startswith(b">") and sent:  # a push is no reply
                    name, its = sent.popleft()
                    if name == "claim" and value not in (None, [], 0):
                        self._claimed()
                    if its and self._side == "before-reply" and not self._hit():
                        break
                client.sendall(raw)
        _cut(client, server)

    def _is_the_one(self, name: str) -> bool:
        with self._lock:
            self._seen.update([name, _ANY])
            return self._name in (name, _ANY) and self._seen[self._name] == self._nth

    def _hit(self) -> bool:
        self.struck.set()
        return self._strike()


def _cut(client: socket.socket, server: socket.socket) -> None:
    """Close both; the client sees a reset."""
    with suppress(OSError):  # whoever serves the other direction was first
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_WHEN_CLOSED)
    for link in (server, client):
        with suppress(OSError):
            link.shutdown(socket.SHUT_RD)  # wakes whoever reads from it
        link.close()


def name_of(argv: list[bytes], queued: Sequence[list[bytes]], moments: Mapping[str, str]) -> str:
    """The name of a command: that of the moment whose command it is, or its own word.

    A moment's command is like `BLPOP some:key`, where `*` stands for anything; after `EXEC`, it is
    the EXEC of a transaction with such a command.
    """
    for moment, command in moments.items():
        executed = command.startswith("EXEC ")
        if executed and argv[0].upper() != b"EXEC":
            continue
        if any(
            _is_of(each, command.removeprefix("EXEC ")) for each in (queued if executed else [argv])
        ):
            return moment
    words = argv[: 2 if argv[0].upper() in (b"CLIENT", b"SCRIPT") else 1]
    return b"-".join(words).decode(errors="replace").upper()


def _is_of(argv: list[bytes], command: str) -> bool:
    name, _, key = command.partition(" ")
    pattern = key.replace("[", "[[]").replace("?", "[?]")
    return argv[0].upper() == name.encode() and fnmatchcase(
        _key_of(argv).decode("latin-1"), pattern
    )


def _key_of(argv: list[bytes]) -> bytes:
    """What tells commands of one name apart: the script and what it is told to do, or the key."""
    word, place = argv[0].upper(), 1
    if word in _SCRIPTS and len(argv) > 2:
        script = hashlib.sha1(argv[1]).hexdigest().encode() if word == b"EVAL" else argv[1]
        keys = int(argv[2]) if argv[2].isdigit() else 0
        order = argv[3 + keys : 4 + keys]
        told = order if order and re.fullmatch(rb"[a-z_]{2,20}", order[0]) else []
        return b" ".join([script, *told])
    if word in (b"XREADGROUP", b"XREAD"):
        place = next(
            (n + 1 for n, each in enumerate(argv) if each.upper() == b"STREAMS"), len(argv)
        )
    if word in (b"XGROUP", b"XINFO", b"OBJECT", b"MEMORY", b"LMPOP", b"ZMPOP") and len(argv) > 2:
        place = 2
    if word in (b"BLMPOP", b"BZMPOP"):
        place = 3
    return argv[place] if len(argv) > place else b""
