"""The value that every program builds and every kind of file is written from.

A program says once what it found: in one table, in detail, as test cases, as data. How that looks
as JSON, JUnit XML, Markdown or HTML is the business of `chaos.report.kinds` alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from chaos.checks.verdict import Outcome


class Tone(StrEnum):
    """The meaning of a piece of text, which decides its colour."""

    PLAIN = "plain"
    QUIET = "quiet"
    GOOD = "good"
    BAD = "bad"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of a table. `note` explains it on a page; `link` is a file that tells more."""

    text: str
    tone: Tone = Tone.PLAIN
    note: str = ""
    link: Path | None = None


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table. Neighbours of the same `group` share a heading."""

    name: str
    group: str = ""
    note: str = ""
    right: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table of text, one cell for each column in every row."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    title: str = ""
    about: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """A sentence about what went wrong, and the command that shows it again."""

    text: str
    tone: Tone = Tone.BAD
    command: str | None = None


class Result(StrEnum):
    """The end of a test case, in the words of JUnit."""

    PASSED = "passed"
    FAILURE = "failure"
    ERROR = "error"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One test case. `text` is the whole story behind the one line of `message`."""

    name: str
    group: str
    result: Result = Result.PASSED
    message: str = ""
    #: The kind of failure or error: an anomaly, say.
    type: str = ""
    text: str = ""
    output: str = ""
    seconds: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    """Test cases that belong together."""

    name: str
    cases: tuple[Case, ...]
    properties: Mapping[str, str] = field(default_factory=dict)
    output: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Everything that a program found.

    `program` names it (`chaos.sweep`), `title` says what was done. `data` consists of JSON values;
    a value that JSON does not know is shown as text. `page` makes the whole HTML page where a
    program has one of its own, such as a run's timeline; otherwise the page shows everything here.
    """

    program: str
    title: str
    outcome: Outcome
    summary: Table
    data: Any
    suites: tuple[Suite, ...]
    details: tuple[Table, ...] = ()
    findings: tuple[Finding, ...] = ()
    #: Sentences on what is broken, and known to be (`chaos.known`).
    known: tuple[str, ...] = ()
    #: Sentences on what the target does not show.
    notes: tuple[str, ...] = ()
    facts: tuple[str, ...] = ()
    #: A legend for the details.
    legend: str = ""
    command: str | None = None
    page: Callable[[], str] | None = None


def table(title: str, columns: Iterable[Column], rows: Iterable[Iterable[Cell]]) -> Table:
    """A table from anything that can be iterated."""
    return Table(title=title, columns=tuple(columns), rows=tuple(tuple(row) for row in rows))


def groups(columns: Iterable[Column]) -> Iterator[tuple[str, int]]:
    """The headings above the columns, each with the number of columns that it spans."""
    name, width = None, 0
    for column in columns:
        if column.group != name:
            if name is not None:
                yield name, width
            name, width = column.group, 0
        width += 1
    if name is not None:
        yield name, width
