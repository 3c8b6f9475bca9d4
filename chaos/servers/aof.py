"""The append-only file of a server: its commands one by one, and copies that are cut short.

A server since Redis 7 keeps a directory: a base, an increment that grows, and a manifest. Redis
6.2 keeps one file, which here is the increment. Nothing may have been rewritten since the server's
first start, so that the base is empty and the increment tells everything.
"""

from __future__ import annotations

import shutil
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from chaos.servers.problem import ServerProblem

_DIRECTORY = "appendonlydir"
_OLD_FILE = "appendonly.aof"


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """All that a server carries out as one: a command, or a transaction, as a script's effects are.

    `start` and `end` are offsets into the increment.
    """

    start: int
    end: int
    #: Commands, MULTI and EXEC included.
    commands: tuple[tuple[bytes, ...], ...]

    def words(self) -> set[bytes]:
        """Its arguments, and the last parts of its keys."""
        arguments = {word for command in self.commands for word in command[1:]}
        return arguments | {word.rpartition(b":")[2] for word in arguments}


class AppendOnlyFile:
    """The append-only file that a server keeps in `directory`, or kept there. Reads only."""

    def __init__(self, directory: Path) -> None:
        """Raises ServerProblem where there is none, or more than one increment."""
        if (directory / _OLD_FILE).is_file():
            self._folder, self.increment = directory, directory / _OLD_FILE
            self._others: list[Path] = []
            return
        self._folder = directory / _DIRECTORY
        increments = sorted(self._folder.glob("*.incr.aof"))
        if len(increments) != 1:
            raise ServerProblem(
                f"{directory} holds {len(increments)} increments of an append-only file, not one;"
                " let a server write one there that is not rewritten"
            )
        self.increment = increments[0]
        self._others = [p for p in self._folder.iterdir() if p != self.increment]

    def size(self) -> int:
        """Its length in bytes now. Everything that was answered before is in it."""
        return self.increment.stat().st_size

    def units(self) -> list[Unit]:
        """All units. Raises ServerProblem if it is cut short, or no append-only file."""
        units, pending, begun, start = [], [], False, 0
        for command, end in _commands(self.increment.read_bytes()):
            word = command[0].upper()
            pending.append(command)
            begun = word == b"MULTI" or (begun and word != b"EXEC")
            if not begun:
                units.append(Unit(start=start, end=end, commands=tuple(pending)))
                pending, start = [], end
        if pending:
            raise ServerProblem(f"{self.increment} ends inside a transaction")
        return units

    def boundaries(self) -> list[int]:
        """0, and the offset after each command, inside transactions too."""
        return [0, *(end for _, end in _commands(self.increment.read_bytes()))]

    def cut(self, size: int, directory: Path) -> None:
        """Make `directory` that of a server of which only `size` bytes had become durable."""
        folder = directory / self._folder.name if self._others else directory
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for other in self._others:
            shutil.copy(other, folder)
        with self.increment.open("rb") as whole:
            (folder / self.increment.name).write_bytes(whole.read(size))


def unit_before(units: Sequence[Unit], size: int) -> Unit | None:
    """The last unit that is complete within `size` bytes."""
    place = bisect_right(units, size, key=lambda unit: unit.end)
    return units[place - 1] if place else None


def _commands(data: bytes) -> Iterator[tuple[tuple[bytes, ...], int]]:
    """Each command and the offset after it."""
    at = 0
    try:
        while at < len(data):
            if data[at : at + 1] == b"#":  # a timestamp, where the server writes them
                at = data.index(b"\r\n", at) + 2
                continue
            count, at = _number(data, at, b"*")
            words = []
            for _ in range(count):
                length, at = _number(data, at, b"$")
                words.append(data[at : at + length])
                if data[at + length : at + length + 2] != b"\r\n":
                    raise ValueError("a word without its end")
                at += length + 2
            yield tuple(words), at
    except ValueError as error:
        raise ServerProblem(f"offset {at} of an append-only file: {error}") from error


def _number(data: bytes, at: int, kind: bytes) -> tuple[int, int]:
    end = data.index(b"\r\n", at)
    if data[at : at + 1] != kind:
        raise ValueError(f"{data[at : at + 1]!r} where {kind!r} should be")
    return int(data[at + 1 : end]), end + 2
