"""The kinds of files that a report can be written as: one module each, which has a KIND."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from chaos.errors import ChaosError
from chaos.report.files import append_file, replace_file
from chaos.report.kinds.job_summary import SUMMARY
from chaos.report.kinds.kind import Kind
from chaos.report.report import Report


class UnknownKind(ChaosError):
    """No report is written as a file of this name; the message says which endings there are."""


def _found() -> Iterator[Kind]:
    for module in pkgutil.iter_modules(__path__):
        kind = getattr(importlib.import_module(f"{__name__}.{module.name}"), "KIND", None)
        if isinstance(kind, Kind):
            yield kind


KINDS: dict[str, Kind] = {kind.name: kind for kind in _found()}


@dataclass(frozen=True, slots=True)
class Wanted:
    """A file that the user asked for. One that is `appended` to keeps what it has."""

    kind: Kind
    path: Path
    appended: bool = False


def by_ending(path: Path) -> Wanted:
    """The file of the kind that its name ends in. Raises `UnknownKind`."""
    for kind in KINDS.values():
        if path.suffix.lower() == kind.ending:
            return Wanted(kind, path)
    endings = ", ".join(sorted(kind.ending for kind in KINDS.values()))
    raise UnknownKind(f"no report can be written as {path.name!r}; give a name in {endings}")


def write(report: Report, wanted: Iterable[Wanted]) -> None:
    """Write each file, whole or not at all. Raises OSError when one cannot be written."""
    for one in wanted:
        put = append_file if one.appended else replace_file
        put(one.path, one.kind.render(report, one.path))


__all__ = ["KINDS", "SUMMARY", "Kind", "UnknownKind", "Wanted", "by_ending", "write"]
