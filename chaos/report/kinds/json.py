"""JSON, for programs."""

from __future__ import annotations

from pathlib import Path

from chaos.report.files import json_bytes
from chaos.report.kinds.kind import Kind
from chaos.report.report import Report


def _render(report: Report, path: Path) -> bytes:
    del path
    return json_bytes(report.data)


KIND = Kind(name="json", ending=".json", meaning="JSON", render=_render)
