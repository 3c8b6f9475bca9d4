"""Follows a history while it is being written."""

from __future__ import annotations

from pathlib import Path


class Tail:
    """The lines that are appended to the files of a directory, each read once.

    `pattern` is a glob; files that appear later are followed too.
    """

    def __init__(self, directory: Path, pattern: str) -> None:
        self._directory = directory
        self._pattern = pattern
        self._offsets: dict[Path, int] = {}

    def read(self, limit: int = -1) -> list[bytes]:
        """The whole lines since the last call: at most `limit` bytes of each file; -1 for all.

        A line that is longer than `limit` is never found.
        """
        lines = []
        for path in sorted(self._directory.glob(self._pattern)):
            offset = self._offsets.get(path, 0)
            with path.open("rb") as file:
                file.seek(offset)
                whole, newline, _ = file.read(limit).rpartition(b"\n")
            if newline:
                self._offsets[path] = offset + len(whole) + 1
                lines += whole.split(b"\n")
        return lines
