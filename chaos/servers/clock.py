"""A clock for one server on this machine, which can be stepped (`libfaketime`)."""

from __future__ import annotations

import importlib.metadata
import sys
from collections.abc import Mapping
from pathlib import Path

_NAME = "libfaketime.so.1"
PACKAGE = "libfaketime"


class ServerClock:
    """The clock of the server in `directory`. Its monotonic clock is still the machine's."""

    def __init__(self, directory: Path) -> None:
        self._file = directory / "clock"
        self._offset_s = 0.0

    def environment(self) -> Mapping[str, str]:
        """Variables that the server must be started with."""
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


def lacking() -> str | None:
    """Why a server's clock cannot be stepped here; None where it can."""
    if not sys.platform.startswith("linux"):
        return "the clock of a server can be stepped on Linux only"
    if _library() is None:
        return f"to step the server's clock, install the package {PACKAGE}"
    return None


def _library() -> Path | None:
    """The library of the Python package, or else of the operating system."""
    try:
        files = importlib.metadata.files(PACKAGE) or []
    except importlib.metadata.PackageNotFoundError:
        files = []
    found = [Path(str(file.locate())).resolve() for file in files if file.name == _NAME]
    return next(iter([*found, *Path("/usr/lib").glob(f"*/faketime/{_NAME}")]), None)
