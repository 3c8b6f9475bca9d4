"""One HTML page that needs no other file: the program's own page, or everything as tables."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from chaos.report.kinds.kind import Kind
from chaos.report.report import Report, groups
from chaos.report.words import plain


def _printable(value: object) -> object:
    return plain(value) if isinstance(value, str) and not isinstance(value, Markup) else value


_TEMPLATES = Environment(
    loader=PackageLoader("chaos.report", "."),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    finalize=_printable,
)


def _render(report: Report, path: Path) -> bytes:
    if report.page is not None:
        return report.page().encode()

    def link(target: Path) -> str:
        """From the page to a file that may be anywhere."""
        return quote(os.fsencode(os.path.relpath(target, path.parent)))

    page = _TEMPLATES.get_template("overview.html").render(report=report, groups=groups, link=link)
    return page.encode()


KIND = Kind(name="html", ending=".html", meaning="an HTML page", render=_render)
