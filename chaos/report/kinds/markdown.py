"""Markdown, for a README or the summary of a CI job: the table in short, and what went wrong."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from chaos.report.kinds.kind import Kind
from chaos.report.report import Finding, Report, Table
from chaos.report.words import plain


def _render(report: Report, path: Path) -> bytes:
    del path
    return "".join(f"{line}\n" for line in _lines(report)).encode()


def _lines(report: Report) -> Iterator[str]:
    yield from lines_of(report.summary)
    if report.findings:
        yield ""
        yield from map(_finding, report.findings)
    if report.known:
        yield ""
        yield from (f"- {escaped(sentence)}" for sentence in report.known)
    if report.notes:
        yield ""
        yield from (f"- {escaped(note)}" for note in report.notes)


def lines_of(table: Table) -> Iterator[str]:
    """The lines of a table in Markdown."""
    yield _row(escaped(column.name) for column in table.columns)
    yield _row("---:" if column.right else "---" for column in table.columns)
    for row in table.rows:
        yield _row(escaped(cell.text) for cell in row)


def _row(texts: Iterable[str]) -> str:
    return f"| {' | '.join(texts)} |"


def _finding(finding: Finding) -> str:
    command = f" `{plain(finding.command).replace('`', '')}`" if finding.command else ""
    return f"- {escaped(finding.text)}{command}"


#: What would be markup; names with underscores inside of words are none.
_MARKUP = str.maketrans({char: f"\\{char}" for char in "\\`*|[]<>"})


def escaped(text: str) -> str:
    """`text` on one line, nothing of which is markup."""
    return plain(text).translate(_MARKUP)


KIND = Kind(name="markdown", ending=".md", meaning="Markdown", render=_render)
