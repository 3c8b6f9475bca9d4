"""The description of a kind of file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from chaos.report.report import Report


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of file: `render` makes its content, given the path that it will be read from."""

    name: str
    #: The end of a file's name, with its dot.
    ending: str
    #: For help texts.
    meaning: str
    render: Callable[[Report, Path], bytes]
