"""A page of which each command writes a section."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from chaos.report.files import replace_file

#: Of a page that is new.
_TITLE = "Speed"


def put_section(path: Path, heading: str, lines: Iterable[str]) -> None:
    """Write these lines below `## heading`, in place of what the page at `path` has there, or at
    its end. All else stays."""
    page = path.read_text("utf-8") if path.exists() else f"# {_TITLE}\n"
    before, *sections = re.split(r"^(?=## )", page, flags=re.MULTILINE)
    ours = "\n".join([f"## {heading}", "", *lines]) + "\n"
    first = f"## {heading}\n"
    if any(section.startswith(first) for section in sections):
        sections = [ours if section.startswith(first) else section for section in sections]
    else:
        sections.append(ours)
    texts = [text.strip("\n") for text in (before, *sections)]
    replace_file(path, ("\n\n".join(texts) + "\n").encode())
