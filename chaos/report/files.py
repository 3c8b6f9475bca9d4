"""Reports as files. Each appears whole or not at all: somebody may be waiting for it."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from chaos.checks.verdict import Verdict


def write_json(verdict: Verdict | Sequence[Verdict], path: Path) -> None:
    """Write `verdict.to_json()`, or a list of these. Raises OSError when that cannot be written."""
    if isinstance(verdict, Verdict):
        content: Any = verdict.to_json()
    else:
        content = [each.to_json() for each in verdict]
    # Values of run.json that JSON does not know are shown rather than refused.
    text = json.dumps(content, indent=2, default=str)
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
