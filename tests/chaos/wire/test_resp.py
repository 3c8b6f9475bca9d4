"""The parsers return exactly the values that were sent, however the stream is cut."""

import itertools
import math
import time
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaos.wire.resp import (
    Attributed,
    CommandParser,
    ProtocolError,
    Push,
    ReplyParser,
    RespError,
    RespMap,
    RespSet,
    Value,
    Verbatim,
    encode_command,
)

Encoded = tuple[bytes, Value]

lines = st.binary(max_size=20).map(lambda b: b.replace(b"\r", b"").replace(b"\n", b""))


def bulk(kind: bytes, text: bytes) -> bytes:
    return b"%b%d\r\n%b\r\n" % (kind, len(text), text)


def streamed_string(parts: list[bytes]) -> Encoded:
    raw = b"$?\r\n" + b"".join(bulk(b";", part) for part in parts) + b";0\r\n"
    return raw, b"".join(parts)


def error(text: bytes) -> RespError:
    return RespError(text.decode(errors="surrogateescape"))


scalars: st.SearchStrategy[Encoded] = st.one_of(
    st.sampled_from([(b"$-1\r\n", None), (b"*-1\r\n", None), (b"_\r\n", None)]),
    st.sampled_from([(b"#t\r\n", True), (b"#f\r\n", False), (b",inf\r\n", math.inf)]),
    lines.map(lambda text: (b"+%b\r\n" % text, text)),
    lines.map(lambda text: (b"-%b\r\n" % text, error(text))),
    st.integers(-(2**63), 2**63 - 1).map(lambda number: (b":%d\r\n" % number, number)),
    st.integers().map(lambda number: (b"(%d\r\n" % number, number)),
    st.floats(allow_nan=False).map(lambda number: (f",{number!r}\r\n".encode(), number)),
    st.binary(max_size=50).map(lambda text: (bulk(b"$", text), text)),
    st.binary(max_size=50).map(lambda text: (bulk(b"!", text), error(text))),
    st.binary(max_size=50).map(lambda text: (bulk(b"=", b"txt:" + text), Verbatim(b"txt", text))),
    st.lists(st.binary(min_size=1, max_size=9), max_size=4).map(streamed_string),
)


def aggregate(kind: str, parts: list[Encoded], *, streamed: bool) -> Encoded:
    """An aggregate of these parts; a map takes an even number of them."""
    if kind in "%|":
        parts = parts[: len(parts) // 2 * 2]
    values = [value for _, value in parts]
    pairs = RespMap(list(zip(values[::2], values[1::2], strict=False)))
    kinds: dict[str, Value] = {
        "*": values, "~": RespSet(values), ">": Push(values), "%": pairs, "|": pairs
    }  # fmt: skip
    count = len(pairs.pairs) if kind in "%|" else len(parts)
    body = b"".join(raw for raw, _ in parts)
    if streamed and kind != "|":
        return kind.encode() + b"?\r\n" + body + b".\r\n", kinds[kind]
    return b"%b%d\r\n%b" % (kind.encode(), count, body), kinds[kind]


def attributed(attributes: Encoded, value: Encoded) -> Encoded:
    assert isinstance(attributes[1], RespMap)
    return attributes[0] + value[0], Attributed(attributes[1], value[1])


def aggregates(inner: st.SearchStrategy[Encoded]) -> st.SearchStrategy[Encoded]:
    parts = st.lists(inner, max_size=4)
    plain = st.builds(aggregate, st.sampled_from("*~>%"), parts, streamed=st.booleans())
    attributes = st.builds(aggregate, st.just("|"), parts, streamed=st.just(False))
    return plain | st.builds(attributed, attributes, inner)


replies = st.recursive(scalars, aggregates, max_leaves=12)
commands = st.lists(st.binary(max_size=30), min_size=1, max_size=6)


def chop(stream: bytes, cuts: Iterable[int]) -> list[bytes]:
    edges = [0, *sorted(cut % (len(stream) + 1) for cut in cuts), len(stream)]
    return [stream[a:b] for a, b in itertools.pairwise(edges)]


cut_points = st.lists(st.integers(0, 10_000), max_size=12)


@given(st.lists(replies, max_size=6), cut_points)
def test_replies_survive_any_chunking(sent: list[Encoded], cuts: list[int]) -> None:
    stream = b"".join(raw for raw, _ in sent)
    parser = ReplyParser()
    assert [frame for chunk in chop(stream, cuts) for frame in parser.feed(chunk)] == sent


@given(st.lists(replies, max_size=4))
def test_replies_survive_single_bytes(sent: list[Encoded]) -> None:
    stream = b"".join(raw for raw, _ in sent)
    parser = ReplyParser()
    assert [f for i in range(len(stream)) for f in parser.feed(stream[i : i + 1])] == sent


@given(st.lists(commands, max_size=6), cut_points)
def test_commands_survive_any_chunking(sent: list[list[bytes]], cuts: list[int]) -> None:
    encoded = [encode_command(*argv) for argv in sent]
    parser = CommandParser()
    frames = [frame for chunk in chop(b"".join(encoded), cuts) for frame in parser.feed(chunk)]
    assert frames == list(zip(encoded, sent, strict=True))


@given(st.binary(max_size=200), cut_points)
def test_garbage_is_refused_or_given_back(stream: bytes, cuts: list[int]) -> None:
    for parser in (ReplyParser(), CommandParser()):
        raws = b""
        try:
            for chunk in chop(stream, cuts):
                raws += b"".join(raw for raw, _ in parser.feed(chunk))
        except ProtocolError:
            continue
        assert stream.startswith(raws)


@pytest.mark.parametrize(
    ("line", "argv"),
    [
        (b"PING\r\n", [b"PING"]),
        (b"  set  a\tb \n", [b"set", b"a", b"b"]),
        (b'set "a b" "\\x41\\n\\""\r\n', [b"set", b"a b", b'A\n"']),
        (b"set 'it\\'s' ''\r\n", [b"set", b"it's", b""]),
        (b"\r\n", []),
        (b"*0\r\n", []),
        (b"*-1\r\n", []),
    ],
)
def test_inline_and_empty_commands(line: bytes, argv: list[bytes]) -> None:
    following = encode_command(b"GET", b"a")
    parser = CommandParser()
    assert list(parser.feed(line + following)) == [(line, argv), (following, [b"GET", b"a"])]


@pytest.mark.parametrize(
    "stream",
    [
        b"*1\r\n:1\r\n",
        b"*x\r\n",
        b"*1\r\n$1_0\r\n",
        b"*1\r\n$1\r\nabc",
        b'GET "a\r\n',
        b"GET 'a\\' b\r\n",
    ],
)
def test_a_request_that_is_not_resp_is_refused(stream: bytes) -> None:
    with pytest.raises(ProtocolError):
        list(CommandParser().feed(stream))


@pytest.mark.parametrize(
    "stream",
    [b"?\r\n", b"\r\n", b":x\r\n", b"$-2\r\n", b"$1\r\nabc", b";1\r\n", b".\r\n", b"#x\r\n",
     b"$?\r\n:1\r\n", b"%?\r\n:1\r\n.\r\n", b"*2\r\n.\r\n"],
)  # fmt: skip
def test_a_reply_that_is_not_resp_is_refused(stream: bytes) -> None:
    with pytest.raises(ProtocolError):
        list(ReplyParser().feed(stream))


def test_frames_before_a_bad_one_are_delivered() -> None:
    frames = ReplyParser().feed(b"+OK\r\n?\r\n")
    assert next(frames) == (b"+OK\r\n", b"OK")
    with pytest.raises(ProtocolError):
        next(frames)


def _feed_s(size: int) -> float:
    """Seconds to read a reply of one string and many small ones, in small pieces."""
    stream = b"*2\r\n" + bulk(b"$", b"x" * size) + b"*%d\r\n" % size + b":1\r\n" * size
    parser, began = ReplyParser(), time.process_time()
    frames = [f for i in range(0, len(stream), 16) for f in parser.feed(stream[i : i + 16])]
    assert [raw for raw, _ in frames] == [stream]
    return time.process_time() - began


def test_a_large_reply_in_small_pieces_takes_linear_time() -> None:
    small, large = min(_feed_s(10_000) for _ in range(3)), _feed_s(160_000)
    assert large < 60 * small, "sixteen times the bytes; a square law would be 256 times"


def test_an_error_tells_its_code() -> None:
    assert RespError("NOSCRIPT No matching script").code == "NOSCRIPT"
    assert RespMap([(b"a", 1)]).get(b"a") == 1
