"""A command as inference looks at it: what it names, whether it writes, and what shape it has."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import chain

from chaos.faults import Exec, Match
from chaos.wire import Exchange, NoReply
from chaos.wire.resp import Attributed, Push, RespMap, RespSet, Value, Verbatim

#: Commands that run a program of the caller's. The server does not call them writes; they may be.
_PROGRAMS = frozenset((b"EVAL", b"EVALSHA", b"FCALL"))
#: The first argument of a program that does several things: which of them.
_ORDER = re.compile(rb"[a-z_]{2,20}")
#: An id that was drawn by chance.
_RANDOM = re.compile(rb"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}|[0-9a-f]{16,64}")
#: The id of an entry of a stream.
_ENTRY = re.compile(rb"\d+-\d+")
#: What an id may be made of that stands within a longer word. A number there may be any number.
_WORD = re.compile(rb"[A-Za-z0-9_.-]*[A-Za-z][A-Za-z0-9_.-]*")
_SIGNS = re.compile(rb"[^A-Za-z0-9_.-]+")
#: A name of so many signs stands in a text because it is meant.
_TELLING = 6
#: Of a longer word the id stands near its begin: it is that of a job with large arguments.
_LOOKED_AT = 65_536
#: They write, and belong to no job.
_NEVER = frozenset((b"SCRIPT", b"FUNCTION", b"FLUSHALL", b"FLUSHDB"))


@dataclass(frozen=True, slots=True)
class Shape:
    """Commands of one kind: the name and, of the rest, what does not change with the job.

    Its text can be read, kept, and given again: `HSET arq:result:*`, `EVALSHA 1f2e…`, and
    `EXEC ZREM queue` for the EXEC of a transaction with such a command.
    """

    name: bytes
    #: A pattern, in which `*` stands for what changes.
    key: bytes = b""
    executed: bool = False

    @classmethod
    def of(cls, argv: list[bytes], names: Iterable[bytes], *, executed: bool = False) -> Shape:
        """The shape of one command, in which any of these names of a job may stand."""
        name = argv[0].upper()
        key = _constant(argv)
        for each in sorted(names, key=len, reverse=True):
            key = key.replace(each, b"*")
        return cls(name, key, executed)

    @classmethod
    def parse(cls, text: str) -> Shape:
        """The shape that has this text. Raises ValueError where none has."""
        words = text.encode("latin-1", errors="replace").split()
        executed = words[:1] == [b"EXEC"]
        name, *key = words[executed:] or [b""]
        if not name or len(key) > 1 + (name.upper() in _PROGRAMS):
            raise ValueError(f"a command is its name and its key, and not {text!r}")
        return cls(name.upper(), b" ".join(key), executed)

    def __str__(self) -> str:
        words = [b"EXEC"] * self.executed + [self.name, self.key]
        return b" ".join(word for word in words if word).decode(errors="backslashreplace")

    def meets(self, argv: list[bytes]) -> bool:
        """True for a command of this shape."""
        if self.executed:
            return isinstance(argv, Exec) and any(self.is_of(queued) for queued in argv.queued)
        return self.is_of(argv)

    def is_of(self, argv: list[bytes]) -> bool:
        """The same, of a command that EXEC executes if this shape is one of these."""
        same = _common_name(self.name, argv[0].upper()) == self.name
        return same and _fits(_constant(argv), self.key)

    def joined(self, other: Shape) -> Shape | None:
        """The narrowest shape of both; None where they are of two kinds."""
        name = _common_name(self.name, other.name)
        if name is None or self.executed != other.executed:
            return None
        if name in _PROGRAMS and self.key != other.key:
            return None
        return Shape(name, _common(self.key, other.key), self.executed)

    def match(self) -> Match:
        return Match(str(self), self.meets)


def _common_name(one: bytes, other: bytes) -> bytes | None:
    """The name of both commands: a script may be sent whole until the server knows it."""
    if {one, other} == {b"EVAL", b"EVALSHA"}:
        return b"EVALSHA"
    return one if one == other else None


def _constant(argv: list[bytes]) -> bytes:
    """The word that tells commands of one name apart: the program, or the first key."""
    word = argv[0].upper()
    if word in _PROGRAMS and len(argv) > 2:
        return _program(argv, word)
    if word in (b"XREADGROUP", b"XREAD"):
        place = next((n for n, each in enumerate(argv) if each.upper() == b"STREAMS"), len(argv))
        return argv[place + 1] if place + 1 < len(argv) else b""
    if word in (b"XGROUP", b"XINFO", b"OBJECT", b"MEMORY") and len(argv) > 2:
        return argv[2]
    if word in (b"BLMPOP", b"BZMPOP", b"LMPOP", b"ZMPOP"):
        place = 3 if word.startswith(b"B") else 2
        return argv[place] if len(argv) > place else b""
    return argv[1] if len(argv) > 1 else b""


def _program(argv: list[bytes], word: bytes) -> bytes:
    """The program, and what it is told to do where it can do several things."""
    program = hashlib.sha1(argv[1]).hexdigest().encode() if word == b"EVAL" else argv[1]
    keys = int(argv[2]) if argv[2].isdigit() else 0
    order = argv[3 + keys : 4 + keys]
    return b" ".join([program, *order]) if order and _ORDER.fullmatch(order[0]) else program


def _fits(word: bytes, pattern: bytes) -> bool:
    literal = pattern.decode("latin-1").replace("[", "[[]").replace("?", "[?]")
    return fnmatchcase(word.decode("latin-1"), literal)


def _common(one: bytes, other: bytes) -> bytes:
    if one == other:
        return one
    short = min(len(one), len(other))
    head = next((n for n in range(short) if one[n] != other[n]), short)
    rest = short - head
    tail = next((n for n in range(rest) if one[-1 - n] != other[-1 - n]), rest)
    return one[:head] + b"*" + (one[len(one) - tail :] if tail else b"")


def writes(argv: list[bytes], writing: Collection[bytes]) -> bool:
    """True if a command may write; `writing` has the names of those that the server says do."""
    name = argv[0].upper()
    return name in _PROGRAMS or (name in writing and name not in _NEVER)


def parts(exchange: Exchange) -> Iterator[tuple[list[bytes], Value | NoReply, bool]]:
    """The commands of an exchange, with the reply to each, and whether it was executed by EXEC."""
    argv, reply = exchange.argv, exchange.reply
    if not isinstance(argv, Exec):
        yield argv, reply, False
        return
    replies = reply if isinstance(reply, list) else [None] * len(argv.queued)
    for queued, its in zip(argv.queued, replies, strict=False):
        yield queued, its, True


def queued(exchange: Exchange) -> bool:
    """True for a command within MULTI, which has not run yet."""
    return exchange.reply == b"QUEUED"


def texts(value: Value | NoReply) -> Iterator[bytes]:
    """All texts in a reply."""
    match value:
        case bytes():
            yield value
        case Verbatim():
            yield value.text
        case Attributed():
            yield from texts(value.value)
        case RespMap():
            for pair in value.pairs:
                yield from texts([*pair])
        case Push() | RespSet():
            yield from texts(value.items)
        case list():
            for each in value:
                yield from texts(each)


def mentions(found: Iterable[bytes], names: Collection[bytes]) -> bool:
    """True if one of these texts holds one of the names. A short one may stand in any word, so it
    has to be a word of its own."""
    return any(
        name in text if len(name) >= _TELLING else name in _SIGNS.split(text)
        for text in found
        for name in names
    )


def entries(value: Value | NoReply) -> Iterator[tuple[bytes, list[bytes]]]:
    """The entries of a stream in a reply: the id of each, and what it holds."""
    if not isinstance(value, list):
        return
    match value:
        case [bytes(entry), [*fields]] if _ENTRY.fullmatch(entry):
            yield entry, [field for field in fields if isinstance(field, bytes)]
        case _:
            for each in value:
                yield from entries(each)


def ids_in(text: bytes) -> set[bytes]:
    """The ids in a text that were drawn by chance: what else names the job that it is about."""
    return set(_RANDOM.findall(text[:_LOOKED_AT]))


def job_in(said: Sequence[bytes], names: Mapping[bytes, str]) -> str | None:
    """The job that some words name: one of them is its name, or holds it."""
    parts = (part for text in said[:1] for part in text.split(b":"))
    within = (word for text in said for word in _WORD.findall(text[:_LOOKED_AT]))
    found = map(names.get, chain(said, parts, within))
    return next((job for job in found if job is not None), None)
