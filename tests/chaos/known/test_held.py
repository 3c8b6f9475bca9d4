"""A verdict held against the list: what is known is green, what is new or gone is red."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest
from rich.console import Console

from chaos.checks import Outcome, Verdict
from chaos.cli.known import held
from chaos.known import Entry, Known
from chaos.report import (
    SUMMARY,
    JudgedRun,
    Wanted,
    by_ending,
    print_summary,
    print_verdict,
    report_on_run,
    report_on_runs,
    write,
)
from tests.chaos.report.verdicts import HOSTILE, check, verdict

URL = "https://example.org/issues/12"
LOST = Entry(
    kind="scenario",
    place="kill_during_claim",
    anomaly="lost",
    reason="a pop without a lock",
    url=URL,
    where="known.toml, line 3, entry 1",
)
PHANTOM = replace(LOST, anomaly="phantom")
BROKEN = check("lost", why=["job-9 is missing"])


def against(entries: Sequence[Entry], *verdicts: Verdict) -> list[JudgedRun]:
    runs = [JudgedRun(name=f"run-{n}", verdict=v, seconds=1.0) for n, v in enumerate(verdicts)]
    return held(runs, Known(tuple(entries)))


@pytest.mark.parametrize(
    ("entries", "found", "outcome"),
    [
        ([LOST], verdict(BROKEN), Outcome.PASS),
        ([], verdict(BROKEN), Outcome.FAIL),
        ([replace(LOST, place="mixed")], verdict(BROKEN), Outcome.FAIL),
        ([LOST], verdict(BROKEN, check("phantom", why=["it ran"])), Outcome.FAIL),
        ([LOST, PHANTOM], verdict(BROKEN, check("phantom", why=["it ran"])), Outcome.PASS),
        ([LOST], verdict(check("lost")), Outcome.FAIL),
        ([LOST], verdict(check("lost", examined=0)), Outcome.PASS),
        ([LOST], verdict(check("lost", lacks="nobody looks")), Outcome.PASS),
        ([LOST], verdict(BROKEN, unknown=["the end was not read"]), Outcome.UNKNOWN),
        ([LOST], verdict(check("lost"), unknown=["no fault landed"]), Outcome.UNKNOWN),
        ([LOST], verdict(check("lost", why=["gone"], promised=False)), Outcome.PASS),
        ([LOST, PHANTOM], verdict(BROKEN, check("phantom")), Outcome.FAIL),
        ([LOST], verdict(BROKEN, check("phantom", why=["a"], promised=False)), Outcome.PASS),
    ],
)
def test_only_what_is_new_fails_or_an_entry_that_has_to_go(
    entries: list[Entry], found: Verdict, outcome: Outcome
) -> None:
    (run,) = against(entries, found)
    assert run.outcome is outcome


def test_runs_of_one_scenario_are_taken_together() -> None:
    kept, broken = verdict(check("lost")), verdict(BROKEN)
    assert [run.outcome for run in against([LOST], kept, broken)] == [Outcome.PASS] * 2
    again = against([LOST], kept, kept, verdict(check("lost", examined=0)))
    assert [run.gone for run in again] == [(), (LOST,), ()]


def test_the_verdict_tells_the_truth_and_what_is_known_stands_beside() -> None:
    found = verdict(BROKEN)
    (run,) = against([LOST], found)
    told = run.to_json()
    known = told.pop("known")
    assert told == found.to_json()
    assert told["outcome"] == "fail"
    assert (known["outcome"], known["exit_code"]) == ("pass", 0)
    assert known["broken"] == [
        {
            "scenario": "kill_during_claim",
            "anomaly": "lost",
            "reason": "a pop without a lock",
            "url": URL,
            "entry": "known.toml, line 3, entry 1",
        }
    ]


def files(path: Path, run: JudgedRun) -> dict[str, str]:
    wanted = [by_ending(path / f"it.{ending}") for ending in ("xml", "md", "json", "html")]
    write(report_on_runs("all", [run, run], 1.0), wanted)
    return {one.kind.name: one.path.read_text() for one in wanted}


def test_every_report_shows_what_is_known_with_its_reason(tmp_path: Path) -> None:
    (run,) = against([LOST], verdict(BROKEN))
    written = files(tmp_path, run)
    suite = ElementTree.fromstring(written["junit"]).find("testsuite")
    assert suite is not None
    assert (suite.get("failures"), suite.get("errors"), suite.get("skipped")) == ("0", "0", "1")
    skipped = suite.find(".//skipped")
    assert skipped is not None
    assert skipped.get("message") == f"known: a pop without a lock ({URL})"
    assert "job-9 is missing" in str(skipped.text)
    assert json.loads(written["json"])[0]["known"]["outcome"] == "pass"
    assert "| PASS (known) |" in written["markdown"]
    for name in ("markdown", "html"):
        assert f"job-9 is missing; known: a pop without a lock ({URL})" in written[name]
    assert "What is wrong" not in written["html"]


def test_an_entry_that_has_to_go_fails_in_every_report(tmp_path: Path) -> None:
    (run,) = against([LOST], verdict(check("lost")))
    written = files(tmp_path, run)
    assert 'failures="1"' in written["junit"]
    for name in ("junit", "markdown", "html"):
        assert "its entry has to go (known.toml, line 3, entry 1" in written[name]


def printed(run: JudgedRun) -> str:
    console = Console(file=io.StringIO(), width=200, markup=False, highlight=False)
    print_verdict(run.verdict, console, held=run.held)
    print_summary([run], 1.0, console)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_the_terminal_says_why_it_is_green() -> None:
    (run,) = against([LOST], verdict(BROKEN))
    text = printed(run)
    assert f"\n    known: a pop without a lock ({URL})" in text
    assert f"job-9 is missing; known: a pop without a lock ({URL})" in text
    assert "PASS: every promise was kept but for what is known: lost (exit code 0)" in text
    assert "PASS (known)" in text
    assert "1 run in 1.0 s: 1 passed" in text


def test_the_terminal_says_which_entry_has_to_go() -> None:
    (run,) = against([LOST], verdict(check("lost")))
    text = printed(run)
    assert "FAIL: what is known to be broken is not, so its entry has to go (exit code 1)" in text
    assert text.count("its entry has to go (known.toml, line 3, entry 1") == 2


def summary_of(path: Path, run: JudgedRun) -> str:
    write(report_on_run(run), [Wanted(SUMMARY, path, appended=True)])
    return path.read_text()


def test_the_summary_of_a_job_has_outcome_evidence_faults_and_command(tmp_path: Path) -> None:
    failed = verdict(check("lost", why=[f"job-{n} is missing" for n in range(9)]))
    text = summary_of(tmp_path / "s.md", JudgedRun(name="it", verdict=failed, seconds=1.0))
    assert text.startswith("## ❌ it: FAIL\n")
    assert "- **no-loss: lost** (kill_during_claim): every acknowledged job ends" in text
    assert "  - job-0 is missing\n" in text
    assert "  - and 6 more\n" in text
    assert "2 at claim/before-send, 1 at claim/before-reply; 3 of 4 landed" in text
    assert "```\npython -m chaos.kill_during_claim --target rrq_ref" in text


def test_a_summary_is_appended_to(tmp_path: Path) -> None:
    (known,) = against([LOST], verdict(BROKEN))
    unknown = JudgedRun(name="b", verdict=verdict(unknown=["no fault landed"]), seconds=1.0)
    first = summary_of(tmp_path / "s.md", known)
    both = summary_of(tmp_path / "s.md", unknown)
    assert both.startswith(first)
    assert "### Broken, and known to be" in first
    assert f"known: a pop without a lock ({URL})" in first
    assert "## ❔ b: UNKNOWN\n" in both
    assert "- **evidence** (kill_during_claim): no fault landed" in both


def test_what_the_queue_under_test_wrote_is_text_in_a_summary(tmp_path: Path) -> None:
    failed = verdict(check("lost", why=[f"a|b {HOSTILE}"]), command="`rm`\n```", scenario=HOSTILE)
    text = summary_of(tmp_path / "s.md", JudgedRun(name=HOSTILE, verdict=failed, seconds=1.0))
    assert "<script>" not in text.replace("\\<script\\>", "")
    assert text.count("```") == 2
    assert not {"\x1b", "\u202e", "\r", "\ud800"} & set(text)
