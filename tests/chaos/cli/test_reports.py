"""`--report` and its aliases: known before anything is played, the same for every command."""

from __future__ import annotations

import json
import re
from pathlib import Path
from xml.etree import ElementTree

import click
import duckdb
import pytest
from click.testing import CliRunner

from chaos.checks import Verdict
from chaos.cli import check as check_command
from chaos.cli import planted, sweep
from chaos.cli.group import command
from chaos.cli.program import enter
from chaos.cli.reports import report_options
from chaos.history.reader import History, read_history
from chaos.report import JudgedRun, Wanted, by_ending, report_on_run, report_on_runs, write
from tests.chaos.checks.story import Story
from tests.chaos.report.verdicts import HOSTILE, check, verdict

ENDINGS = (".html", ".json", ".md", ".xml")


@pytest.mark.parametrize(
    ("program", "words"),
    [
        (command, ["kill_during_claim"]),
        (command, []),
        (command, ["check", "nowhere"]),
        (command, ["failover"]),
        (command, ["planted"]),
        (sweep.command, []),
        (planted.command, []),
    ],
)
@pytest.mark.parametrize("name", ["verdict.txt", "verdict", "json"])
def test_an_unknown_ending_is_one_sentence_before_anything_is_played(
    program: click.Command,
    words: list[str],
    name: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as left:
        enter(program, "program", [*words, "--report", "a.json", "--report", name])
    assert left.value.code == 2
    (sentence,) = capsys.readouterr().err.splitlines()
    assert sentence.startswith(f"error: no report can be written as '{name}'")
    assert all(ending in sentence for ending in ENDINGS)
    assert list(tmp_path.iterdir()) == []


@click.command()
@report_options
def program(reports: tuple[Wanted, ...]) -> None:
    """Writes a report of one run, and of that run and another one."""
    failed = verdict(check("lost", why=["job-9 is missing"]))
    runs = [
        JudgedRun(name="first", verdict=verdict(check("lost")), seconds=1.0),
        JudgedRun(name=HOSTILE, verdict=failed, seconds=2.0),
    ]
    write(report_on_runs("two runs", runs, 3.0), reports)


def test_each_file_is_of_the_kind_that_its_name_ends_in_or_its_option_names(tmp_path: Path) -> None:
    names = ["a.json", "a.xml", "a.html", "a.md", "B.JSON"]
    words = [word for name in names for word in ("--report", str(tmp_path / name))]
    for option in ("json", "junit", "html", "markdown"):
        words += [f"--{option}", str(tmp_path / f"{option}.txt")]
    done = CliRunner().invoke(program, words)
    assert done.exit_code == 0, done.output
    texts = {path.name: path.read_text() for path in tmp_path.iterdir()}
    assert texts["a.json"] == texts["B.JSON"] == texts["json.txt"]
    assert texts["a.xml"] == texts["junit.txt"]
    assert texts["a.html"] == texts["html.txt"]
    assert texts["a.md"] == texts["markdown.txt"]
    assert [each["outcome"] for each in json.loads(texts["a.json"])] == ["pass", "fail"]
    assert ElementTree.fromstring(texts["a.xml"]).get("failures") == "1"
    assert texts["a.html"].startswith("<!doctype html>")
    assert texts["a.md"].startswith("| run | faults landed | jobs | verdict | seconds |\n")


def overview(tmp_path: Path, *runs: JudgedRun) -> str:
    path = tmp_path / "reports" / "all.html"
    write(report_on_runs("all scenarios", runs, 3.0), [by_ending(path)])
    return path.read_text()


def test_the_page_of_several_runs_leads_to_their_timelines(tmp_path: Path) -> None:
    timeline = tmp_path / "runs of\n#1" / "timeline.html"
    timeline.parent.mkdir()
    timeline.write_text("the timeline")
    there = JudgedRun(name="there", verdict=verdict(), seconds=1.0, timeline=timeline)
    gone = JudgedRun(name="gone", verdict=verdict(), seconds=1.0, timeline=tmp_path / "gone.html")
    page = overview(tmp_path, there, gone)
    assert re.findall('href="(.*?)"', page) == ["../runs%20of%0A%231/timeline.html"]


def test_what_the_queue_under_test_wrote_is_text_on_the_page(tmp_path: Path) -> None:
    failed = verdict(check("lost", why=[HOSTILE]), scenario=HOSTILE, command=HOSTILE)
    page = overview(tmp_path, JudgedRun(name=HOSTILE, verdict=failed, seconds=1.0))
    assert "<script>" not in page
    assert "</b>" not in page
    assert not {"\x1b", "\u202e", "\r", "\ud800"} & set(page)
    assert "is FAIL: lost, 1 of 60 cases: [bold red]" in page


def markdown(tmp_path: Path, *verdicts: Verdict) -> list[str]:
    runs = [JudgedRun(name=HOSTILE, verdict=each, seconds=1.0) for each in verdicts]
    write(report_on_runs("runs", runs, 3.0), [by_ending(tmp_path / "a.md")])
    return (tmp_path / "a.md").read_text().splitlines()


def test_what_the_queue_under_test_wrote_is_text_in_markdown(tmp_path: Path) -> None:
    lines = markdown(tmp_path, verdict(check("lost", why=[f"a|b {HOSTILE}"]), command="`rm`"))
    assert len(lines) == 5
    assert lines[4].startswith("- ")
    assert "\\<script\\>" in lines[4]
    assert "a\\|b" in lines[4]
    assert lines[4].endswith(" `rm`")


def test_the_report_on_one_run_is_its_verdict_and_its_page(tmp_path: Path) -> None:
    timeline = tmp_path / "timeline.html"
    timeline.write_text("the timeline")
    run = JudgedRun(name="one", verdict=verdict(), seconds=1.0, timeline=timeline)
    wanted = [by_ending(tmp_path / name) for name in ("a.json", "a.html")]
    write(report_on_run(run), wanted)
    assert json.loads((tmp_path / "a.json").read_bytes()) == verdict().to_json()
    assert (tmp_path / "a.html").read_text() == "the timeline"


def test_a_saved_run_is_read_once_judged_and_drawn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[History] = []

    def read_and_note(run_dir: Path) -> History:
        read.append(read_history(run_dir))
        return read[-1]

    monkeypatch.setattr(check_command, "read_history", read_and_note)
    story = Story()
    story.enqueue("lost-1")
    story.finally_("lost-1", "missing")
    run = story.write(tmp_path / "run")
    before = sorted(path for path in run.rglob("*"))
    page, data = tmp_path / "again.html", tmp_path / "again.json"
    done = CliRunner().invoke(
        command, ["check", str(run), "--report", str(page), "--json", str(data)]
    )
    assert done.exit_code == 1, done.output
    (history,) = read
    with pytest.raises(duckdb.ConnectionException):
        history.db.execute("SELECT 1")
    assert json.loads(data.read_bytes())["outcome"] == "fail"
    assert "job lost-1 was acknowledged" in page.read_text()
    assert '<script type="application/json" id="data">' in page.read_text()
    assert sorted(path for path in run.rglob("*")) == before
