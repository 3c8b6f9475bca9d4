"""RESP2 and RESP3: split a byte stream into whole frames, in any chunking, in linear time.

`CommandParser` reads what clients send, `ReplyParser` what servers send. Both are fed bytes and
yield `(raw, value)` for each whole frame: `raw` is the frame exactly as it arrived, so whoever
forwards it changes nothing, and the `raw`s joined together are the stream. Both keep their place
inside an unfinished frame, so a large frame in small pieces is never read twice.

The format: https://valkey.io/topics/protocol/
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple, TypeAlias

from chaos.errors import ChaosError


class ProtocolError(ChaosError):
    """The stream is not RESP. A parser that raised this cannot be fed again."""


@dataclass(frozen=True, slots=True)
class RespError:
    """An error reply (`-…` or `!…`), without its marker: `NOSCRIPT No matching script`."""

    message: str

    @property
    def code(self) -> str:
        """The first word, by which clients tell errors apart: `NOSCRIPT`."""
        return self.message.partition(" ")[0]


@dataclass(frozen=True, slots=True)
class Verbatim:
    """A verbatim string: three bytes that name its format, and the text."""

    format: bytes
    text: bytes


@dataclass(frozen=True, slots=True)
class RespMap:
    """A map, as pairs in the server's order: its keys need not be hashable."""

    pairs: "list[tuple[Value, Value]]"

    def get(self, key: "Value") -> "Value":
        """The value of the first pair with this key, or None."""
        return next((value for candidate, value in self.pairs if candidate == key), None)


@dataclass(frozen=True, slots=True)
class RespSet:
    """A set, in the server's order: its members need not be hashable."""

    items: "list[Value]"


@dataclass(frozen=True, slots=True)
class Push:
    """An out-of-band message, which answers no command."""

    items: "list[Value]"


@dataclass(frozen=True, slots=True)
class Attributed:
    """A value with the attributes that the server sent ahead of it."""

    attributes: RespMap
    value: "Value"


Value: TypeAlias = (
    bool
    | int
    | float
    | bytes
    | RespError
    | Verbatim
    | RespMap
    | RespSet
    | Push
    | Attributed
    | list["Value"]
    | None
)
"""A parsed reply. Simple, bulk and streamed strings are all bytes; the three nulls are None."""

CRLF: Final = b"\r\n"
_MAX_LINE: Final = 64 * 1024  # the server's own limit for a line of a request


class _More:
    """The type of `_MORE`: this value is not complete yet."""


_MORE: Final = _More()


def encode_command(*argv: bytes) -> bytes:
    """A command as clients send it: an array of bulk strings."""
    parts = [b"*%d\r\n" % len(argv)]
    parts.extend(b"$%d\r\n%b\r\n" % (len(arg), arg) for arg in argv)
    return b"".join(parts)


def _length(digits: bytes | bytearray) -> int:
    # isdigit first: int() would also take "+1", "1_0" and " 1", which a server refuses.
    if not digits.isdigit():
        raise ProtocolError(f"invalid length {bytes(digits[:32])!r}")
    return int(digits)


class CommandParser:
    """Splits what a client sends into `(raw, argv)`; inline commands too.

    An empty request (a blank line, `*0`) comes with an empty argv: servers do not answer it.
    """

    def __init__(self) -> None:
        self._buf = bytearray()
        self._pos = 0  # where the next unread token begins
        self._scan = 0  # no line end lies between _pos and here
        self._left = 0  # arguments still missing from the command in hand
        self._bulk = -1  # bytes of the argument in hand; -1: its length is not known yet
        self._argv: list[bytes] = []

    def feed(self, data: bytes) -> Iterator[tuple[bytes, list[bytes]]]:
        """Yield each command that `data` completes. Raises ProtocolError. Exhaust it."""
        buf = self._buf
        buf += data
        start = 0
        while self._step():
            if not self._left:
                raw = bytes(buf[start : self._pos])
                start = self._pos
                argv, self._argv = self._argv, []
                yield raw, argv
        if start:
            del buf[:start]
            self._pos -= start
            self._scan = self._pos if self._scan < start else self._scan - start

    def _step(self) -> bool:
        """Read one line or one argument. False: more bytes are needed."""
        buf, pos = self._buf, self._pos
        if self._bulk >= 0:
            end = pos + self._bulk
            if len(buf) < end + 2:
                return False
            if buf[end : end + 2] != CRLF:
                raise ProtocolError("an argument is longer than its length says")
            self._argv.append(bytes(buf[pos:end]))
            self._left -= 1
            self._bulk = -1
            self._pos = self._scan = end + 2
            return True
        if pos == len(buf):
            return False
        inline = not self._left and buf[pos] != 0x2A  # *
        end = buf.find(b"\n" if inline else CRLF, self._scan)
        if end < 0:
            if len(buf) - pos > _MAX_LINE:
                raise ProtocolError("too long a line in a request")
            self._scan = max(pos, len(buf) - 1)
            return False
        self._pos = self._scan = end + (1 if inline else 2)
        self._line(bytes(buf[pos:end]), inline)
        return True

    def _line(self, line: bytes, inline: bool) -> None:
        if inline:
            self._argv = split_inline(line.removesuffix(b"\r"))
        elif self._left:
            if not line.startswith(b"$"):
                raise ProtocolError(f"expected '$', got {line[:1]!r}")
            self._bulk = _length(line[1:])
        elif not line.startswith(b"*-"):  # a negative count is an empty request
            self._left = _length(line[1:])


_INLINE = re.compile(
    # Possessive (`*+`), so that every match moves on, or a quote left open would match for ever.
    rb"""\s*+(?P<bare>[^\s"']*+)
    (?:"(?P<double>(?:\\.|[^"\\])*+)"|'(?P<single>(?:\\'|[^'])*+)')?+(?=\s|\Z)""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(rb"\\(x[0-9a-fA-F]{2}|.)", re.DOTALL)
_ESCAPES: Final = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"a": b"\a"}


def _unescape(found: re.Match[bytes]) -> bytes:
    code = found[1]
    return bytes.fromhex(code[1:].decode()) if len(code) == 3 else _ESCAPES.get(code, code)


def split_inline(line: bytes) -> list[bytes]:
    """The arguments of an inline command, with the server's quoting rules."""
    argv = []
    pos, line = 0, line.rstrip()
    while pos < len(line):
        found = _INLINE.match(line, pos)
        if found is None:
            raise ProtocolError("unbalanced quotes in request")
        double = _ESCAPE.sub(_unescape, found["double"] or b"")
        argv.append(found["bare"] + double + (found["single"] or b"").replace(b"\\'", b"'"))
        pos = found.end()
    return argv


class _Open(NamedTuple):
    """An aggregate whose items are still arriving. `size` is None where it is streamed."""

    kind: int
    size: int | None
    items: list[Value]


_ARRAY, _MAP, _SET, _PUSH, _ATTRIBUTE = b"*%~>|"
_SIMPLE, _ERROR, _INT, _BULK, _NULL, _BOOL, _DOUBLE, _BIG = b"+-:$_#,("
_BLOB_ERROR, _VERBATIM, _CHUNK, _END = b"!=;."
_WITH_ATTRIBUTES = 0  # not on the wire: an attribute map, and then the value it describes
_LENGTHS: Final = frozenset((_BULK, _BLOB_ERROR, _VERBATIM, _CHUNK))
_AGGREGATES: Final = frozenset((_ARRAY, _MAP, _SET, _PUSH, _ATTRIBUTE))


def _pairs(items: list[Value]) -> RespMap:
    if len(items) % 2:
        raise ProtocolError("a map with a key that has no value")
    return RespMap(list(zip(items[::2], items[1::2], strict=True)))


def _scalar(kind: int, line: bytes) -> Value:
    try:
        if kind in (_INT, _BIG):
            return int(line)
        if kind == _DOUBLE:
            return float(line)
    except ValueError as refused:
        raise ProtocolError(f"invalid number {line[:32]!r}") from refused
    if kind == _ERROR:
        return RespError(line.decode(errors="surrogateescape"))
    if kind == _NULL and not line:
        return None
    if kind == _BOOL and line in (b"t", b"f"):
        return line == b"t"
    raise ProtocolError(f"unknown reply {bytes((kind,)) + line[:32]!r}")


class ReplyParser:
    """Splits what a server sends into `(raw, value)`: every type of RESP2 and RESP3.

    Attributes belong to the frame of the value that follows them.
    """

    def __init__(self) -> None:
        self._buf = bytearray()
        self._pos = 0  # where the next unread token begins
        self._scan = 0  # no line end lies between _pos and here
        self._bulk = -1  # bytes of the string in hand; -1: a line comes next
        self._kind = 0  # what the string in hand will be
        self._open: list[_Open] = []

    def feed(self, data: bytes) -> Iterator[tuple[bytes, Value]]:
        """Yield each reply that `data` completes. Raises ProtocolError. Exhaust it."""
        buf = self._buf
        buf += data
        start = 0
        while True:
            pos = self._pos
            if self._bulk >= 0:
                end = pos + self._bulk
                if len(buf) < end + 2:
                    break
                self._pos = self._scan = end + 2
                value = self._string(bytes(buf[pos:end]), bytes(buf[end : end + 2]))
            else:
                end = buf.find(CRLF, self._scan)
                if end < 0:
                    self._scan = max(pos, len(buf) - 1)
                    break
                self._pos = self._scan = end + 2
                value = self._line(buf[pos] if end > pos else 0, bytes(buf[pos + 1 : end]))
            if self._open:
                value = self._fold(value)
            if not isinstance(value, _More):
                yield bytes(buf[start : self._pos]), value
                start = self._pos
        if start:
            del buf[:start]
            self._pos -= start
            self._scan = self._pos if self._scan < start else self._scan - start

    def _string(self, text: bytes, end: bytes) -> Value | _More:
        """A string whose length was told, now that all of it is here."""
        if end != CRLF:
            raise ProtocolError("a string is longer than its length says")
        self._bulk = -1
        if self._kind == _BLOB_ERROR:
            return RespError(text.decode(errors="surrogateescape"))
        if self._kind == _VERBATIM:
            return Verbatim(text[:3], text[4:])
        return text

    def _line(self, kind: int, line: bytes) -> Value | _More:
        """A whole value, or `_MORE` after the header of a longer one."""
        if self._open and (self._open[-1].kind == _CHUNK) != (kind == _CHUNK):
            raise ProtocolError("a streamed string holds chunks, and nothing else does")
        if kind == _SIMPLE:
            return line
        if kind in _LENGTHS:
            return self._string_header(kind, line)
        if kind in _AGGREGATES:
            return self._aggregate_header(kind, line)
        if kind == _END and self._open and self._open[-1].size is None:
            return self._close(self._open.pop())
        return _scalar(kind, line)

    def _string_header(self, kind: int, line: bytes) -> Value | _More:
        if kind == _BULK and line == b"-1":
            return None
        if kind == _BULK and line == b"?":
            self._open.append(_Open(_CHUNK, None, []))
            return _MORE
        length = _length(line)
        if kind == _CHUNK and not self._open:
            raise ProtocolError("a chunk outside of a streamed string")
        if kind == _CHUNK and not length:
            return self._close(self._open.pop())
        self._kind, self._bulk = kind, length
        return _MORE

    def _aggregate_header(self, kind: int, line: bytes) -> Value | _More:
        if kind == _ARRAY and line == b"-1":
            return None
        if line == b"?" and kind != _ATTRIBUTE:
            self._open.append(_Open(kind, None, []))
            return _MORE
        size = _length(line) * (2 if kind in (_MAP, _ATTRIBUTE) else 1)
        aggregate = _Open(kind, size, [])
        if size == 0:
            return self._close(aggregate)
        self._open.append(aggregate)
        return _MORE

    def _fold(self, value: Value | _More) -> Value | _More:
        """Put a value where it belongs, and close every aggregate that this completes."""
        while self._open and not isinstance(value, _More):
            top = self._open[-1]
            top.items.append(value)
            if top.size is None or len(top.items) < top.size:
                return _MORE
            value = self._close(self._open.pop())
        return value

    def _close(self, done: _Open) -> Value | _More:
        kind, items = done.kind, done.items
        if kind == _ARRAY:
            return items
        if kind == _ATTRIBUTE:
            self._open.append(_Open(_WITH_ATTRIBUTES, 2, [_pairs(items)]))
            return _MORE
        if kind == _WITH_ATTRIBUTES:
            attributes, value = items
            assert isinstance(attributes, RespMap)
            return Attributed(attributes, value)
        if kind == _CHUNK:
            return b"".join(part for part in items if isinstance(part, bytes))
        if kind == _MAP:
            return _pairs(items)
        return RespSet(items) if kind == _SET else Push(items)
