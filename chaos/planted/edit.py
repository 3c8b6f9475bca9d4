"""A variant of the reference: fragments of its files are replaced while they are imported.

Nothing is written to disk. Each fragment must be found exactly once, so a bug that no longer fits
the reference is an error and never a run of the sound queue.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path, PosixPath
from types import CodeType, ModuleType
from typing import Any

from chaos.errors import ChaosError

PACKAGE = "rrq_ref"


class Misfit(ChaosError):
    """A variant that cannot be made; the message says of which fragment, or why."""


@dataclass(frozen=True, slots=True)
class Edit:
    """Replace `old`, found exactly once in `file` (a path within the reference), by `new`."""

    file: str
    old: str
    new: str

    def apply(self, text: str) -> str:
        """The edited text. Raises `Misfit`."""
        found = text.count(self.old)
        if found != 1:
            raise Misfit(f"found {found} times in {self.file}, not once: {self.old!r}")
        return text.replace(self.old, self.new)


def edited(edits: Sequence[Edit]) -> dict[str, str]:
    """The new texts of all files that the edits change. Raises `Misfit`."""
    texts: dict[str, str] = {}
    for edit in edits:
        text = texts.get(edit.file) or (_root() / edit.file).read_text("utf-8")
        texts[edit.file] = edit.apply(text)
    return texts


def plant(edits: Sequence[Edit]) -> None:
    """From now on, this process imports the reference with these edits, and cannot unlearn it.

    Raises `Misfit` where a fragment is not found, or the reference is imported already.
    """
    texts = edited(edits)
    planted = next((f for f in sys.meta_path if isinstance(f, _Finder)), None)
    if planted is not None and planted.texts == texts:
        return
    if planted is not None or PACKAGE in sys.modules:
        raise Misfit(f"{PACKAGE} is imported already; each variant needs a process of its own")
    sys.meta_path.insert(0, _Finder(_root(), texts))


def _root() -> Path:
    spec = importlib.util.find_spec(PACKAGE)
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent


class _Finder(MetaPathFinder):
    def __init__(self, root: Path, texts: dict[str, str]) -> None:
        self._root = root
        self.texts = texts

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname.partition(".")[0] != PACKAGE:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and spec.origin is not None:
            spec.loader = _Loader(fullname, spec.origin, self._root, self.texts)
        return spec


class _Loader(SourceFileLoader):
    """Compiles the edited text of a module, and shows the edited texts of its data files."""

    def __init__(self, fullname: str, path: str, root: Path, texts: dict[str, str]) -> None:
        super().__init__(fullname, path)
        self._root = root
        self._texts = texts

    def get_code(self, fullname: str) -> CodeType | None:
        path = Path(self.get_filename(fullname))
        text = self._texts.get(path.relative_to(self._root).as_posix())
        if text is None:
            return super().get_code(fullname)
        code: CodeType = self.source_to_code(text.encode(), str(path))
        return code

    def get_resource_reader(self, name: str | None = None) -> Any:
        del name
        return _Resources(self._root, self._texts)


class _Resources:
    """The reader that `importlib.resources.files` asks a loader for."""

    def __init__(self, root: Path, texts: dict[str, str]) -> None:
        class Edited(PosixPath):
            def read_text(self, *args: Any, **options: Any) -> str:
                text = texts.get(self.relative_to(root).as_posix())
                return super().read_text(*args, **options) if text is None else text

        self._files = Edited(root)

    def files(self) -> Path:
        return self._files
