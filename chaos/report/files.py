"""Reports as files. Each appears whole or not at all: somebody may be waiting for it."""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from chaos.checks.verdict import Verdict

#: A name may have 255 bytes, and a character four of them.
_NAME_ROOM = 50


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
    """Write a file beside `path`, then rename it: readers see the old content or the new.

    What is no regular file (`/dev/stdout`, a pipe, a link) is written into, and stays what it is.
    The file's mode is what the umask leaves, as of every other file.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_symlink() or (path.exists() and not path.is_file()):
        with path.open("wb") as file:
            file.write(content)
        return
    draft = path.with_name(f".{path.name[:_NAME_ROOM]}.{secrets.token_hex(4)}.tmp")
    try:
        with draft.open("xb") as file:
            file.write(content)
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
