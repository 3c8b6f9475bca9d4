"""The file of a list: TOML, with a table `[[known]]` for each entry."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from chaos.errors import ChaosError
from chaos.guarantees import ANOMALIES
from chaos.known.entry import Entry, parts
from chaos.known.known import Known

_FIELDS = ("scenario", "cell", "anomaly", "reason", "url")
_HEADER = re.compile(r"\s*\[\[\s*known\s*\]\]")
#: Of a cell: its life alone, with one fault, or with two.
_PARTS = (1, 4, 7)


class BadKnown(ChaosError):
    """A list that cannot be used; the message says where it is wrong, and what would be right."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """The names that entries may speak about."""

    scenarios: Collection[str]
    lives: Collection[str]
    faults: Collection[str]
    sides: Collection[str]


def read(path: Path, places: Places) -> Known:
    """The list in a file. Raises `BadKnown`."""
    try:
        text = path.read_text(encoding="utf-8")
        tables = tomllib.loads(text)
    except OSError as error:
        raise BadKnown(f"{path} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise BadKnown(f"{path} is no TOML: {error}") from error
    for name in tables:
        if name != "known":
            raise BadKnown(f"{path}: {name!r} means nothing here; entries are tables [[known]]")
    given = tables.get("known", [])
    if not isinstance(given, list) or not all(isinstance(one, dict) for one in given):
        raise BadKnown(f"{path}: entries are tables [[known]]")
    found: dict[tuple[str, str, str], Entry] = {}
    for where, table in zip(_wheres(path, text, len(given)), given, strict=True):
        entry = _entry(where, table, places)
        same = found.setdefault((entry.kind, entry.place, entry.anomaly), entry)
        if same is not entry:
            raise BadKnown(
                f"{where} names {entry.anomaly} of {entry.place} again; it stands in {same.where}"
            )
    return Known(tuple(found.values()))


def _wheres(path: Path, text: str, entries: int) -> Iterator[str]:
    """Where each entry stands: by its line where headers can be told from other text."""
    lines = [at for at, line in enumerate(text.splitlines(), 1) if _HEADER.match(line)]
    for number in range(entries):
        in_line = f"line {lines[number]}, " if len(lines) == entries else ""
        yield f"{path}, {in_line}entry {number + 1}"


def _entry(where: str, table: Mapping[str, Any], places: Places) -> Entry:
    for name, value in table.items():
        if name not in _FIELDS:
            raise BadKnown(f"{where} has {_unknown(name, _FIELDS, 'no field')}")
        if not isinstance(value, str) or not value.strip():
            raise BadKnown(f"{where}: {name} must be a text that is not empty")
    for name in ("anomaly", "reason"):
        if name not in table:
            raise BadKnown(f"{where} has no {name}")
    if ("scenario" in table) == ("cell" in table):
        raise BadKnown(f"{where} needs a scenario or a cell, and not both")
    if table["anomaly"] not in ANOMALIES:
        raise BadKnown(f"{where}: {_unknown(table['anomaly'], ANOMALIES, 'no anomaly')}")
    if "cell" in table:
        _check_cell(where, table["cell"], places)
    elif table["scenario"] not in places.scenarios:
        raise BadKnown(f"{where}: {_unknown(table['scenario'], places.scenarios, 'no scenario')}")
    return Entry(
        kind="cell" if "cell" in table else "scenario",
        place=table.get("cell") or table["scenario"],
        anomaly=table["anomaly"],
        reason=table["reason"].strip(),
        url=table.get("url", ""),
        where=where,
    )


def _check_cell(where: str, cell: str, places: Places) -> None:
    """Raise `BadKnown` for a cell that no sweep can have."""
    life, *faults = parts(cell)
    if 1 + len(faults) not in _PARTS:
        raise BadKnown(
            f"{where}: {cell!r} names no cell; it is LIFE/FAULT/BOUNDARY/SIDE, each part of which"
            " may have * in it, or LIFE alone for its runs without a fault"
        )
    _check_part(where, life, places.lives, "no life")
    for fault, side in zip(faults[0::3], faults[2::3], strict=True):
        _check_part(where, fault, places.faults, "no fault of the sweep")
        _check_part(where, side, places.sides, "no side of a command")


def _check_part(where: str, part: str, names: Collection[str], what: str) -> None:
    if not any(fnmatchcase(name, part) for name in names):
        raise BadKnown(f"{where}: {_unknown(part, names, what)}")


def _unknown(name: str, names: Collection[str], what: str) -> str:
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.0)
    return f"{what} {name!r}; did you mean {near[0]!r}?"
