"""Every kind of file, written from a report that has everything in it."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from chaos.checks import Outcome
from chaos.report import (
    KINDS,
    Case,
    Cell,
    Column,
    Finding,
    Report,
    Result,
    Suite,
    Table,
    Tone,
    UnknownKind,
    Wanted,
    by_ending,
    write,
)
from tests.chaos.report.verdicts import HOSTILE

#: Text that no writer may take for anything else, and more of it than one line.
TEXT = f"{HOSTILE}\n{HOSTILE}"
GRID = Table(
    title=TEXT,
    about=TEXT,
    columns=(Column(TEXT), Column(TEXT, group=TEXT, note=TEXT), Column("b", group=TEXT)),
    rows=((Cell(TEXT, Tone.QUIET), Cell(TEXT, Tone.BAD, TEXT), Cell(".", Tone.GOOD)),),
)
REPORT = Report(
    program=HOSTILE,
    title=TEXT,
    outcome=Outcome.FAIL,
    summary=GRID,
    data={"text": HOSTILE},
    suites=(
        Suite(
            name=TEXT,
            cases=(
                Case(name=TEXT, group=TEXT, result=Result.FAILURE, message=TEXT, type=TEXT,
                     text=TEXT, seconds=1.5),
                Case(name="b", group="c", output=TEXT),
                Case(name="d", group="c", result=Result.SKIPPED, message=TEXT),
            ),
            properties={"command": TEXT},
            output=TEXT,
        ),
    ),
    details=(GRID,),
    findings=(Finding(TEXT, command=TEXT),),
    facts=(TEXT, TEXT),
    legend=TEXT,
    command=TEXT,
)  # fmt: skip


def written(kind: str, tmp_path: Path) -> str:
    path = tmp_path / "report"
    write(REPORT, [Wanted(KINDS[kind], path)])
    return path.read_text(encoding="utf-8")


@pytest.mark.parametrize("kind", list(KINDS))
def test_nothing_in_a_report_steers_what_shows_it(kind: str, tmp_path: Path) -> None:
    text = written(kind, tmp_path)
    assert not {"\x1b", "\r", "\u202e", "\ud800"} & set(text)


def test_a_page_has_no_markup_of_others(tmp_path: Path) -> None:
    page = written("html", tmp_path)
    assert "<script" not in page
    assert "</b>" not in page
    assert page.count("&lt;script&gt;") > 10


def test_junit_is_well_formed_and_counts(tmp_path: Path) -> None:
    root = ElementTree.fromstring(written("junit", tmp_path))
    for element in (root, root[0]):
        counts = {name: element.get(name) for name in ("tests", "failures", "errors", "skipped")}
        assert counts == {"tests": "3", "failures": "1", "errors": "0", "skipped": "1"}
    failure = root.find("testsuite/testcase/failure")
    assert failure is not None
    assert (failure.text or "").count("\n") == 3
    assert root[0].find("testcase[@time='1.500']") is not None


def test_markdown_has_a_line_for_each_row_and_finding(tmp_path: Path) -> None:
    lines = written("markdown", tmp_path).splitlines()
    assert [line[:2] for line in lines] == ["| ", "| ", "| ", "", "- "]
    for row in lines[:3]:
        assert row.replace("\\|", "").count("|") == 4
    assert lines[4].count("`") == 2


def test_json_is_the_programs_own(tmp_path: Path) -> None:
    assert json.loads(written("json", tmp_path)) == {"text": HOSTILE}


def test_an_ending_stands_for_one_kind() -> None:
    endings = [kind.ending for kind in KINDS.values()]
    assert len(set(endings)) == len(endings) == 4
    for name, kind in KINDS.items():
        assert by_ending(Path(f"deep.er/a.b{kind.ending.upper()}")) == Wanted(
            kind, Path(f"deep.er/a.b{kind.ending.upper()}")
        )
        assert kind.name == name
    with pytest.raises(UnknownKind, match=r"give a name in \.html, \.json, \.md, \.xml"):
        by_ending(Path("json"))
