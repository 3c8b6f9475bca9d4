"""A clock for one process on this machine, which can be stepped (`libfaketime`)."""

from __future__ import annotations

import importlib.metadata
import sys
from collections.abc import Mapping
from pathlib import Path

_NAME = "libfaketime.so.1"
PACKAGE = "libfaketime"


class Clock:
    """The wall clock of a process, kept in `file`. Its monotonic clock is still the machine's."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._offset_s = 0.0

    def environment(self) -> Mapping[str, str]:
        """Variables that the process must be started with."""
        self._file.parent.mkdir(parents=True, exist_ok=True)
        self.step(0)
        return {
            "LD_PRELOAD": str(_library()),
            "FAKETIME_TIMESTAMP_FILE": str(self._file.absolute()),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "DONT_FAKE_MONOTONIC": "1",
        }

    def step(self, seconds: float) -> None:
        """Put the clock forward or, with a negative number, back."""
        self._offset_s += seconds
        draft = self._file.with_suffix(".new")
        draft.write_text(f"{self._offset_s:+.3f}s\n")
        draft.replace(self._file)


class ServerClock(Clock):
    """The clock of the server in `directory`."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory / "clock")


def lacking() -> str | None:
    """Why a clock cannot be stepped here; None where it can."""
    if not sys.platform.startswith("linux"):
        return "a clock can be stepped on Linux only"
    if _library() is None:
        return f"to step a clock, install the package {PACKAGE}"
    return None


def _library() -> Path | None:
    """The library of the Python package, or else of the operating system."""
    try:
        files = importlib.metadata.files(PACKAGE) or []
    except importlib.metadata.PackageNotFoundError:
        files = []
    found = [Path(str(file.locate())).resolve() for file in files if file.name == _NAME]
    return next(iter([*found, *Path("/usr/lib").glob(f"*/faketime/{_NAME}")]), None)
