"""The JSON Schema of a line, for programs in other languages that write histories."""

from __future__ import annotations

from inspect import getdoc
from typing import Any

from chaos.history.event import Event
from chaos.history.schema import (
    COLUMNS,
    DURATIONS,
    MAX_DURATION_MS,
    MAX_TIME_NS,
    NUMBER,
    REQUIRED,
    SQL_TYPES,
    STAMP,
    TIMES,
    WORDS,
    base_of,
    events_by_type,
    fields_of,
)

Json = dict[str, Any]

_KINDS = {int: "integer", str: "string", bool: "boolean"}
_KIND_OF_COLUMN = {SQL_TYPES[type_]: kind for type_, kind in _KINDS.items()}


def json_schema() -> Json:
    """A schema that takes and refuses the same lines as the reader.

    At the top it says what holds for a column in every event. `$defs` has every type of event, and
    below a type, where there are several, every event.
    """
    types = events_by_type()
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A line of a history",
        "description": "One event. Other fields than these are ignored; null is the same as "
        "absent.",
        "type": "object",
        "properties": {name: _column(name) for name in COLUMNS} | {"type": {"enum": [*types]}},
        "required": [*STAMP],
        "allOf": [_when("type", type_, type_) for type_ in types],
        "$defs": {
            name: definition
            for events in types.values()
            for name, definition in _definitions(events).items()
        },
    }


def _when(column: str, word: str, name: str) -> Json:
    said = {"properties": {column: {"const": word}}, "required": [column]}
    return {"if": said, "then": {"$ref": f"#/$defs/{name}"}}


def _column(name: str) -> Json:
    kind = _KIND_OF_COLUMN[COLUMNS[name]]
    column: Json = {"type": kind if name in STAMP else [kind, "null"]}
    if name == "t" or name in TIMES:
        return column | {"minimum": 0, "maximum": MAX_TIME_NS}
    if name in DURATIONS:
        return column | {"minimum": -MAX_DURATION_MS, "maximum": MAX_DURATION_MS}
    if kind == "integer":
        return column | {"minimum": 1 if name == NUMBER else -(2**63), "maximum": 2**63 - 1}
    return column


def _definitions(events: list[type[Event]]) -> Json:
    """A type of event, and its events."""
    type_, word = events[0].type, events[0].word
    if word is None:
        return {type_: _event(events[0])}
    named = {f"{type_}-{event.word[1]}": event for event in events if event.word is not None}
    return {
        type_: {
            "description": _prose(base_of(events)),
            "properties": {
                column: {"enum": [*words] if column == word[0] else [*words, None]}
                for (of, column), words in WORDS.items()
                if of == type_
            },
            "required": [*REQUIRED[type_]],
            "allOf": [_when(word[0], name.removeprefix(f"{type_}-"), name) for name in named],
        },
        **{name: _event(event) for name, event in named.items()},
    }


def _event(event: type[Event]) -> Json:
    fields = fields_of(event)
    properties: Json = {}
    for field in fields:
        kind = _KINDS[field.type]
        properties[field.name] = {
            "description": field.meaning,
            "type": kind if field.needed else [kind, "null"],
        }
        if field.words:
            nothing = () if field.needed else (None,)
            properties[field.name]["enum"] = [*field.words, *nothing]
    return {
        "description": _prose(event),
        "properties": properties,
        "required": [field.name for field in fields if field.needed],
    }


def _prose(event: type[Event]) -> str:
    return " ".join((getdoc(event) or "").split())
