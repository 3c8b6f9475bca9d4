"""Reports as files. Each appears whole or not at all, because a reader may wait for it."""

from __future__ import annotations

import json
import secrets
from pathlib import Path
from typing import Any

#: A name may have 255 bytes, and a character four of them.
_NAME_ROOM = 50


def write_json(data: Any, path: Path) -> None:
    """Write JSON values. A value that JSON does not know is shown as text.

    Raises OSError when the file cannot be written.
    """
    replace_file(path, json_bytes(data))


def json_bytes(data: Any) -> bytes:
    """The content of such a file."""
    return json.dumps(data, indent=2, default=str).encode("ascii") + b"\n"


def append_file(path: Path, content: bytes) -> None:
    """Add to the end of a file, which is made where there is none."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as file:
        file.write(content)


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
