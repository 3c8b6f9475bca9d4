"""Reads files that DuckDB's reader would not take as they are.

SIGKILL may cut the last line of a process short. That is expected of a process that is known to
have been killed, and of no other. A name may be used again after a kill, so the cut line need not
be the file's last: the next line must then come from another pid.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from chaos.history.damage import Damage
from chaos.history.files import LONGEST, SUFFIX, process_of, shown
from chaos.history.schema import COLUMNS, SQL_TYPES

_PYTHON_TYPE = {sql_type: type_ for type_, sql_type in SQL_TYPES.items()}
_INT64 = 2**63


@dataclass(slots=True, kw_only=True)
class _Cut:
    """A line that is no event, and the pids of the readable lines on either side of it."""

    line: int
    before: int | None
    after: int | None = None


@dataclass(slots=True, kw_only=True)
class _File:
    path: Path
    empty: bool = True
    cuts: list[_Cut] = field(default_factory=list)


def salvage(files: list[Path], directory: Path) -> tuple[list[Path], list[Damage]]:
    """Copy the readable events of `files` into `directory`, under the same names.

    Returns the copies, and each file with a line that is unreadable and not excused by a kill.
    """
    copies: list[Path] = []
    damage: list[Damage] = []
    seen: list[_File] = []
    killed: list[str] = []
    for path in files:
        try:
            copies.append(_copy(path, directory / path.name, seen, killed))
        except OSError as error:
            damage.append(_damage(path, f"cannot be read: {error}"))
    damage += [_damage(file.path, said) for file in seen if (said := _judge(file, killed))]
    return copies, damage


def _copy(path: Path, copy: Path, seen: list[_File], killed: list[str]) -> Path:
    file = _File(path=path)
    before: int | None = None
    waiting: list[_Cut] = []
    with path.open("rb") as source, copy.open("wb") as target:
        for number, event in _events(source):
            file.empty = False
            if event is None:
                waiting.append(_Cut(line=number, before=before))
                continue
            before = event.get("pid")
            for cut in waiting:
                cut.after = before
            file.cuts += waiting
            waiting = []
            killed += _killed_names(event)
            target.write(json.dumps(event, ensure_ascii=False).encode("utf-8", "replace") + b"\n")
    file.cuts += waiting
    seen.append(file)
    return copy


def _events(source: BinaryIO) -> Iterator[tuple[int, dict[str, Any] | None]]:
    """Every line that is not blank: its number, and its known fields or None if unreadable."""
    for number, line in enumerate(_lines(source), start=1):
        if line.strip():
            yield number, _parse(line)


def _lines(source: BinaryIO) -> Iterator[bytes]:
    """The lines of a file; of one that is too long, the beginning, which is no event."""
    while line := source.readline(LONGEST):
        rest = line
        while len(rest) == LONGEST and not rest.endswith(b"\n"):
            rest = source.readline(LONGEST)
        yield line


def _parse(line: bytes) -> dict[str, Any] | None:
    try:
        event = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(event, dict):
        return None
    known = {name: _whole(event[name]) for name in COLUMNS if event.get(name) is not None}
    return known if all(_fits(known[name], COLUMNS[name]) for name in known) else None


def _whole(value: Any) -> Any:
    """Some languages write an integer as 1e3 or 7.0."""
    return int(value) if type(value) is float and value.is_integer() else value


def _fits(value: object, kind: str) -> bool:
    if kind == "BIGINT":
        return type(value) is int and -_INT64 <= value < _INT64
    return type(value) is _PYTHON_TYPE[kind]


def _killed_names(event: dict[str, Any]) -> list[str]:
    """The process that this event reports as killed, if it may have been. Of a fleet's worker only
    its parent knows how it ended, and it kills those that hang."""
    if event.get("type") == "process" and event.get("event") == "exit":
        ended_well = event.get("code") is not None and not event.get("signal")
        return [event["name"]] if event.get("name") and not ended_well else []
    if event.get("type") == "fault" and event.get("event") == "landed":
        return [event["target"]] if event.get("kind") == "kill" and event.get("target") else []
    return []


def _judge(file: _File, killed: list[str]) -> str | None:
    process = file.path.name.removesuffix(SUFFIX)
    # A fleet's children may share their parent's file: worker-1.3 writes to worker-1.jsonl.
    kills = sum(name == process or name.startswith(process + ".") for name in killed)
    if file.empty:
        return None if kills else "is empty, and its process was not killed"
    unexcused = [
        cut for cut in file.cuts if not kills or (cut.after is not None and cut.after == cut.before)
    ]
    # Each kill cuts one line at most. (A kill is told twice: by the fault and by the exit.)
    if not unexcused and len(file.cuts) > kills:
        unexcused = file.cuts
    if not unexcused:
        return None
    lines = ", ".join(str(cut.line) for cut in unexcused[:5])
    many = len(unexcused) > 1
    return (
        f"has {len(unexcused)} unreadable line{'s' if many else ''} (line {lines}) that no kill"
        " explains"
    )


def _damage(path: Path, said: str) -> Damage:
    return Damage(process_of(path.name), f"{shown(path.name)} {said}")
