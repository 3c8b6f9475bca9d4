"""The reader's demands on a line, made from the events (`chaos.history.events`)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import MISSING, dataclass, fields
from types import NoneType
from typing import Any, Literal, get_args, get_origin, get_type_hints

from chaos.history.event import Event
from chaos.history.events import EVENTS

SQL_TYPES: dict[type, str] = {int: "BIGINT", str: "VARCHAR", bool: "BOOLEAN"}
"""DuckDB's type of each type that a field may have."""

STAMP: dict[str, type] = {"t": int, "process": str, "pid": int, "type": str}
"""The fields with which every line begins."""

NUMBER = "n"
"""The field that numbers the lines of a process in its file, from 1. Old histories have none."""

MAX_TIME_NS = 2**61
MAX_DURATION_MS = 10**11
"""Bounds (73 years; 3 years) within which the checks can add times without an overflow."""

TIMES = ("t_sent", "due_t")
"""Fields that are times, besides `t`."""
DURATIONS = ("ttl_ms", "delay_ms", "lag_ms", "within_ms")


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A field of an event, as its annotation tells it."""

    name: str
    type: type
    meaning: str
    #: An event without it says nothing.
    needed: bool
    #: All that it may say; empty: anything.
    words: tuple[str, ...] = ()


def fields_of(event: type[Event]) -> tuple[Field, ...]:
    """The fields of an event, without its stamp, its type and its word."""
    hints = get_type_hints(event, include_extras=True)
    return tuple(
        _field(field.name, hints[field.name], needed=field.default is MISSING)
        for field in fields(event)
    )


def _field(name: str, hint: Any, *, needed: bool) -> Field:
    said, meaning = get_args(hint)
    if NoneType in get_args(said):
        (said,) = (one for one in get_args(said) if one is not NoneType)
    words = get_args(said) if get_origin(said) is Literal else ()
    return Field(
        name=name, type=str if words else said, meaning=meaning, needed=needed, words=words
    )


def events_by_type() -> dict[str, list[type[Event]]]:
    """The events of each type, in their order."""
    found: dict[str, list[type[Event]]] = {}
    for event in EVENTS:
        found.setdefault(event.type, []).append(event)
    return found


def base_of(events: list[type[Event]]) -> type[Event]:
    """The class that all events of a type derive from."""
    (base,) = {event.__mro__[event.__mro__.index(Event) - 1] for event in events}
    return base


def _columns() -> dict[str, str]:
    columns = {name: SQL_TYPES[type_] for name, type_ in STAMP.items()} | {NUMBER: SQL_TYPES[int]}
    for event in EVENTS:
        if event.word is not None:
            columns.setdefault(event.word[0], SQL_TYPES[str])
        for field in fields_of(event):
            sql_type = SQL_TYPES[field.type]
            assert columns.setdefault(field.name, sql_type) == sql_type, field.name
    return columns


def _required() -> Iterator[tuple[str, tuple[str, ...]]]:
    for type_, events in events_by_type().items():
        word = [events[0].word[0]] if events[0].word is not None else []
        needed = [{field.name for field in fields_of(one) if field.needed} for one in events]
        always = set.intersection(*needed)
        yield type_, (*word, *(f.name for f in fields_of(events[0]) if f.name in always))


def _required_of_word() -> Iterator[tuple[tuple[str, str, str], tuple[str, ...]]]:
    for event in EVENTS:
        names = (field.name for field in fields_of(event) if field.needed)
        more = tuple(name for name in names if name not in REQUIRED[event.type])
        if more and event.word is not None:
            yield (event.type, *event.word), more


def _words() -> dict[tuple[str, str], tuple[str, ...]]:
    words: dict[tuple[str, str], tuple[str, ...]] = {}
    for event in EVENTS:
        if event.word is not None:
            column, word = event.word
            words[event.type, column] = (*words.get((event.type, column), ()), word)
        for field in fields_of(event):
            if field.words:
                words[event.type, field.name] = field.words
    return words


COLUMNS: dict[str, str] = _columns()
"""DuckDB's type of every field that is read. Other fields are ignored."""

REQUIRED: dict[str, tuple[str, ...]] = dict(_required())
"""The fields without which an event of this type says nothing. Its keys are all the types."""

REQUIRED_OF_WORD: dict[tuple[str, str, str], tuple[str, ...]] = dict(_required_of_word())
"""Further required fields of some events, by type, column of the word, and word."""

WORDS: dict[tuple[str, str], tuple[str, ...]] = _words()
"""The words allowed in (type of event, field)."""


def complaint_sql() -> str:
    """A SQL expression over one event: what is wrong with it in a few words, or NULL."""
    cases = [
        "WHEN t IS NULL OR process IS NULL OR pid IS NULL OR type IS NULL "
        "THEN 'without t, process, pid or type'",
        f"WHEN type NOT IN ({_texts(REQUIRED)}) THEN 'of the unknown type \"' || type || '\"'",
        f"WHEN t NOT BETWEEN 0 AND {MAX_TIME_NS} THEN 'with an impossible time'",
        f"WHEN {NUMBER} < 1 THEN 'with an impossible {NUMBER}'",
        *(
            f"WHEN {column} NOT BETWEEN 0 AND {MAX_TIME_NS} THEN 'with an impossible {column}'"
            for column in TIMES
        ),
        *(
            f"WHEN abs({column}::HUGEINT) > {MAX_DURATION_MS} THEN 'with an impossible {column}'"
            for column in DURATIONS
        ),
    ]
    for type_, names in REQUIRED.items():
        cases += [
            f"WHEN type = '{type_}' AND {name} IS NULL THEN 'of type {type_} without {name}'"
            for name in names
        ]
    for (type_, column, word), names in REQUIRED_OF_WORD.items():
        cases += [
            f"WHEN type = '{type_}' AND {column} = '{word}' AND {name} IS NULL "
            f"THEN 'of type {type_} {word} without {name}'"
            for name in names
        ]
    for (type_, column), words in WORDS.items():
        cases.append(
            f"WHEN type = '{type_}' AND {column} NOT IN ({_texts(words)}) "
            f"THEN 'of type {type_} with the unknown {column} \"' || {column} || '\"'"
        )
    return "CASE " + "\n".join(cases) + " END"


def _texts(words: dict[str, tuple[str, ...]] | tuple[str, ...]) -> str:
    return ", ".join(f"'{word}'" for word in words)
