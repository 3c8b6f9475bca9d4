"""Reports as files. Each appears whole or not at all: somebody may be waiting for it."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path

from chaos.checks.verdict import Verdict


def write_json(verdict: Verdict, path: Path) -> None:
    """Write `verdict.to_json()`. Raises OSError when the file cannot be written."""
    # Values of run.json that JSON does not know are shown rather than refused.
    text = json.dumps(verdict.to_json(), indent=2, default=str)
    replace_file(path, text.encode("ascii") + b"\n")


def replace_file(path: Path, content: bytes) -> None:
    """Write a file beside `path`, then rename it: readers see the old content or the new."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            # mkstemp makes a file for its owner only; a CI server may be somebody else.
            os.fchmod(descriptor, 0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
