"""Opens what a run directory holds, and refuses what cannot be evidence, without ever waiting.

A FIFO would be waited for, a device never ends, and a compressed file has no lines.
"""

from __future__ import annotations

import json
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chaos.history.damage import Damage

SUFFIX = ".jsonl"
LONGEST = 1 << 24
"""The most bytes of a line, and of `run.json`."""

_KINDS = {
    stat.S_IFDIR: "a directory",
    stat.S_IFIFO: "a FIFO",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFSOCK: "a socket",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The files of a history that can be read, and what is wrong with the others."""

    files: list[Path]
    damage: list[Damage]


def history_files(directory: Path) -> Found:
    """The history files in a directory."""
    found = Found(files=[], damage=[])
    try:
        paths = sorted(directory.iterdir())
    except OSError:  # it is none, or not there
        paths = []
    for path in paths:
        if SUFFIX not in path.name.lower():
            continue
        problem = _refusal(path)
        if problem is None:
            found.files.append(path)
        else:
            found.damage.append(Damage(process_of(path.name), f"{shown(path.name)} {problem}"))
    if not found.files:
        found.damage.append(Damage("", f"there is no history file in {shown(str(directory))}"))
    return found


def read_document(path: Path) -> dict[str, Any]:
    """The JSON object in a file. Raises FileNotFoundError, and for anything else ValueError, whose
    message says what the file is."""
    if not path.is_symlink() and not path.exists():
        raise FileNotFoundError(path)
    if (problem := _no_file(path)) is not None:
        raise ValueError(problem)
    try:
        with path.open("rb") as file:
            text = file.read(LONGEST + 1)
    except OSError as error:
        raise ValueError(_unreadable(error)) from error
    if len(text) > LONGEST:
        raise ValueError(f"is larger than {LONGEST >> 20} MB")
    try:
        document = json.loads(text)
    except ValueError as error:
        raise ValueError(f"cannot be read: {error}") from error
    except RecursionError:
        raise ValueError("is nested too deeply") from None
    if not isinstance(document, dict) or not document:
        raise ValueError("is not a JSON object, or says nothing")
    return document


def process_of(name: str) -> str:
    """The process that a file's name tells."""
    return name.partition(SUFFIX)[0]


def shown(name: str) -> str:
    """A name in a sentence, whatever characters it has."""
    return name if name.isprintable() else ascii(name)


def _refusal(path: Path) -> str | None:
    if not path.name.endswith(SUFFIX):
        return (
            f"is no history file, whose names end in {SUFFIX}; unpack or rename it, or take it away"
        )
    return _no_file(path) or _foreign(path)


def _no_file(path: Path) -> str | None:
    """Why this is no file; None if it is one."""
    try:
        mode = path.stat().st_mode
    except OSError as error:
        return "is a dangling link" if path.is_symlink() else _unreadable(error)
    return None if stat.S_ISREG(mode) else f"is {_KINDS[stat.S_IFMT(mode)]}, not a file"


def _foreign(path: Path) -> str | None:
    """Why the content is no history; None if it may be one, or is nothing."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        return _unreadable(error)
    try:
        first = os.read(descriptor, 4096).lstrip()[:1]
    finally:
        os.close(descriptor)
    if first in (b"{", b""):
        return None
    return f"begins with the byte {first[0]:#04x}, not with an event; unpack a compressed file"


def _unreadable(error: OSError) -> str:
    return f"cannot be read: {error.strerror}"
