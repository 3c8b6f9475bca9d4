"""The Lua scripts, one for each state transition, and the words of their answers."""

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from importlib.resources import files
from typing import Any, Protocol

Command = tuple[Any, ...]  # a command and its arguments


class Runs(Protocol):
    """Sends commands to the server, as a `Store` does."""

    async def run(
        self, commands: Sequence[Command], extra_s: float = 0.0, *, durable: bool = False
    ) -> list[Any]: ...


class Answer(StrEnum):
    """A script's answer about one job or attempt."""

    DONE = "DONE"
    BURIED = "BURIED"
    REPEAT = "REPEAT"  # the same call did it before, and its reply was lost
    SUPERSEDED = "SUPERSEDED"  # refused: a later attempt has the job, or it was taken back
    GONE = "GONE"
    UNIQUE = "UNIQUE"  # a live job holds the unique key
    MOVED = "MOVED"  # not at its place in a long dead-letter queue
    REQUESTED = "REQUESTED"  # it runs, and was asked to stop
    STOP = "STOP"  # its lock was renewed, and it is to stop
    STOPPED = "STOPPED"  # it was asked to stop, and has ended as CANCELLED
    ENDED = "ENDED"
    DEAD = "DEAD"  # a dead job, not a ghost


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """A script's text and the digest by which the server knows it."""

    name: str
    text: str
    sha: str

    def call(self, keys: Sequence[str], args: Iterable[Any]) -> Command:
        """The command that runs the script."""
        return ("EVALSHA", self.sha, len(keys), *keys, *args)


def _load(name: str) -> Script:
    """Read `lua/<name>.lua`, preceded by the includes that its first line asks for."""
    folder = files(__package__) / "lua"
    text = (folder / f"{name}.lua").read_text("utf-8")
    first = re.match(r"-- include: (.+)", text)
    includes = first[1].split() if first else []
    text = "\n".join([(folder / f"{i}.lua").read_text("utf-8") for i in includes] + [text])
    return Script(name=name, text=text, sha=hashlib.sha1(text.encode()).hexdigest())


_NAMES = (
    "enqueue", "lock_and_pop", "refresh_locks", "finish", "retry", "release", "bury", "acquit",
    "requeue_dlq", "list_dlq", "delete_dlq", "cancel", "await",
)  # fmt: skip
ALL = tuple(_load(name) for name in _NAMES)
ENQUEUE, LOCK_AND_POP, REFRESH_LOCKS, FINISH, RETRY, RELEASE, BURY, ACQUIT, *_OPERATORS = ALL
REQUEUE_DLQ, LIST_DLQ, DELETE_DLQ, CANCEL, AWAIT = _OPERATORS
