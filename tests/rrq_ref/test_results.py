"""Results, arguments and effects: written as they are, or refused, but never changed."""

from __future__ import annotations

import json
import sys
from collections import UserDict
from collections.abc import Callable, Iterator
from decimal import Decimal
from enum import Enum, IntEnum
from typing import Any

import pytest

from rrq_ref.attempt import Context
from rrq_ref.client import Client
from rrq_ref.errors import InvalidJob
from rrq_ref.job import JobStatus, NewJob, encode

from .conftest import Leaks, Run
from .database import Database

# Keys


TWINS: list[Any] = [
    {1: "a", "1": "b"},
    {"1": "b", 1: "a"},
    {-1.5: "a", "-1.5": "b"},
    {1e300: "a", "1e+300": "b"},
    {True: "a", "true": "b"},
    {False: "a", "false": "b"},
    {None: "a", "null": "b"},
    {"deep": [{"er": ({7: 0, "7": 1},)}]},
    [{}, {"x": {}, "y": {2: {}, "2": []}}],
    {2**70: 0, str(2**70): 1},
]
NO_TWINS: list[Any] = [
    {1: "a", 2: "b"},
    {"1": "a", "2": {"1": "b"}, "true": None},
    {"a": {"1": 0}, "b": {1: 0}},
    {None: 0, True: 1, 0: 2},
    {'text ,"1":': ',"1":', "1": '{"1":'},
    [["1", "1"], {"1": ["1"]}],
    "x" * 10,
]


@pytest.mark.parametrize("value", TWINS, ids=repr)
async def test_keys_that_json_would_make_one_are_refused(
    client: Client, run: Run, database: Database, value: Any
) -> None:
    with database.untouched():
        for given in ({"args": [value]}, {"kwargs": {"x": value}}):
            with pytest.raises(InvalidJob, match="two keys of one object would be the same"):
                await client.enqueue_many([NewJob(function="send", **given)])
    job = await run(lambda _: value, max_retries=3)
    assert (job.status, job.dead_reason, job.retries) == (JobStatus.FAILED, "result", 0)
    assert "two keys of one object" in str(job.last_error)


@pytest.mark.parametrize("value", NO_TWINS, ids=repr)
def test_other_keys_are_written_as_json_spells_them(value: Any) -> None:
    assert encode(value, "result") == json.dumps(value, separators=(",", ":"))


# Results whose own code raises


class LazyDict(dict[str, Any]):
    def __init__(self, error: BaseException) -> None:
        super().__init__(x=1)
        self._error = error

    def items(self) -> Any:
        raise self._error


class LazyList(list[Any]):
    def __init__(self, error: BaseException) -> None:
        super().__init__([1])
        self._error = error

    def __iter__(self) -> Iterator[Any]:
        raise self._error


class Masked:
    @property
    def __class__(self) -> Any:
        raise SystemExit

    @__class__.setter
    def __class__(self, _: Any) -> None: ...


@pytest.mark.parametrize("lazy", [LazyDict, LazyList])
@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        KeyboardInterrupt(),
        SystemExit(0),
        ConnectionError("the cursor is closed"),
        StopIteration(),
        GeneratorExit(),
    ],
    ids=repr,
)
async def test_a_result_whose_own_code_raises_is_a_failed_run(
    run: Run, lazy: Callable[[BaseException], Any], error: BaseException
) -> None:
    job = await run(lambda _: lazy(error), max_retries=2)
    assert (job.status, job.retries) == (JobStatus.RETRYING, 1)
    assert str(job.last_error).startswith(type(error).__name__)


def circular() -> list[Any]:
    one: list[Any] = []
    one.append({"one": one})
    return one


def deep(depth: int) -> Any:
    nested: Any = None
    for n in range(depth):
        nested = [nested] if n % 2 else {"x": nested}
    return nested


@pytest.mark.parametrize(
    "result",
    [
        {1, 2}, b"bytes", object(), float("nan"), [float("-inf")], Decimal(1), 1j, print,
        {(1, 2): 3}, {b"x": 1}, UserDict(x=1), 10**5000, Enum("E", "A"), circular(), deep(100_000),
        LazyDict(ValueError("odd")), LazyList(RecursionError()), NotImplemented, iter([1]),
    ],
    ids=lambda value: type(value).__name__,
)  # fmt: skip
async def test_a_result_that_is_no_json_is_dead_lettered_as_such(run: Run, result: Any) -> None:
    job = await run(lambda _: result, max_retries=5)
    assert (job.status, job.dead_reason, job.retries) == (JobStatus.FAILED, "result", 0)
    assert str(job.last_error).startswith("the result cannot be written as JSON: ")


async def test_a_result_that_has_no_class_is_one_outcome(run: Run) -> None:
    job = await run(lambda _: Masked(), max_retries=2)
    assert job.status in (JobStatus.RETRYING, JobStatus.FAILED)


# Effects


class Colour(str, Enum):  # noqa: UP042 - its `str()` is not its value
    RED = "red"


class Size(IntEnum):
    BIG = 7


class Loud(int):
    def __repr__(self) -> str:
        return "LOUD"

    __str__ = __repr__


ODD_TEXT = 'text \0 "quoted" \\ \n ü \U0001f600 ]}\''
ALL_BYTES = bytes(range(256)) * 3

WORDS: list[tuple[Any, bytes]] = [
    (ODD_TEXT, ODD_TEXT.encode()),
    ("", b""),
    (b"", b""),
    (ALL_BYTES, ALL_BYTES),
    (b"\xff\xfe\x00\xc3", b"\xff\xfe\x00\xc3"),
    (b"\xed\xa0\x80 a lone surrogate", b"\xed\xa0\x80 a lone surrogate"),
    ("é".encode(), "é".encode()),
    (b'\\u0041 "\\', b'\\u0041 "\\'),
    (bytearray(b"\x80x"), b"\x80x"),
    (memoryview(b"\x80x"), b"\x80x"),
    (7, b"7"),
    (-(2**63), b"-9223372036854775808"),
    (0.1, b"0.1"),
    (1e300, b"1e+300"),
    (10**400, str(10**400).encode()),
    (Colour.RED, b"red"),
    (Size.BIG, b"7"),
    (Loud(3), b"3"),
]  # fmt: skip


@pytest.mark.parametrize(("word", "stored"), WORDS, ids=[repr(w)[:8] for w, _ in WORDS])
async def test_an_effect_reaches_the_server_as_it_was_given(
    run: Run, database: Database, leaks: Leaks, word: Any, stored: bytes
) -> None:
    leaks.allow("list")

    async def handler(context: Context) -> None:
        context.effect("RPUSH", "list", word, "between", word)

    job = await run(handler)
    assert job.status is JobStatus.COMPLETED
    assert database.redis.lrange("list", 0, -1) == [stored, b"between", stored]


async def test_a_key_may_be_bytes_and_an_effects_order_is_kept(
    run: Run, database: Database, leaks: Leaks
) -> None:
    leaks.allow("*")

    async def handler(context: Context) -> None:
        context.effect(b"SET", b"\xff\x00key", 1)
        context.effect("APPEND", b"\xff\x00key", b"\x80")

    await run(handler)
    assert database.redis.get(b"\xff\x00key") == b"1\x80"
    database.redis.delete(b"\xff\x00key")


class Shy:
    def __repr__(self) -> str:
        return "x" * 1_000


@pytest.mark.parametrize(
    "word",
    [
        None, True, False, [1], {"a": 1}, (1,), {1}, float("nan"), float("inf"), -float("inf"), 1j,
        Decimal(1), object(), Shy(), print, 10**5000, "\ud800", range(3),
    ],
    ids=lambda value: type(value).__name__,
)  # fmt: skip
async def test_what_is_no_word_is_refused_where_it_is_given(run: Run, word: Any) -> None:
    async def handler(context: Context) -> int:
        for words in (("SET", "key", word), (word, "key"), ("SET", word, 1)):
            with pytest.raises(InvalidJob, match="an effect with a word") as caught:
                context.effect(*words)
            assert "\n" not in str(caught.value)
            assert len(str(caught.value)) < 250
        return sys.getsizeof(context)

    assert (await run(handler)).status is JobStatus.COMPLETED
