"""Reports as files: complete or absent, and readable by the programs that they are for."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from xml.etree import ElementTree

import pytest

from chaos.checks.verdict import Verdict
from chaos.report import KINDS, JudgedRun, Wanted, by_ending, report_on_runs, write, write_json
from tests.chaos.report.verdicts import HOSTILE, check, verdict

FAILED = verdict(
    check("lost", why=[f"job {HOSTILE} is missing"], broken=25, job=HOSTILE),
    check("phantom"),
    check("overlap", why=["both ran"], promised=False),
    check("early-start", examined=0),
    check("stuck", error="no such table"),
    unknown=["planned faults did not land"],
)


def test_json_has_the_layout_of_the_verdict(tmp_path: Path) -> None:
    write_json(FAILED.to_json(), tmp_path / "deep" / "verdict.json")
    read = json.loads((tmp_path / "deep" / "verdict.json").read_bytes())
    assert read == FAILED.to_json()


def test_json_shows_values_that_json_does_not_know(tmp_path: Path) -> None:
    write_json(verdict(settings={"path": Path("/x")}).to_json(), tmp_path / "verdict.json")
    assert json.loads((tmp_path / "verdict.json").read_bytes())["run"]["settings"] == {"path": "/x"}


def test_a_file_is_replaced_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "verdict.json"
    write_json(verdict().to_json(), path)
    before = path.read_bytes()

    def interrupted(*_: object) -> None:
        assert path.read_bytes() == before
        assert len(list(tmp_path.iterdir())) == 2
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", interrupted)
        with pytest.raises(KeyboardInterrupt):
            write_json(FAILED.to_json(), path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)])
def test_the_umask_says_who_may_read_a_report(tmp_path: Path, umask: int, mode: int) -> None:
    before = os.umask(umask)
    try:
        write_json(verdict().to_json(), tmp_path / "verdict.json")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "verdict.json").stat().st_mode) == mode


def test_what_is_no_plain_file_is_written_into_and_stays(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "there")
    (tmp_path / "there").write_text("old")
    write_json(verdict().to_json(), tmp_path / "link")
    assert (tmp_path / "link").is_symlink()
    assert json.loads((tmp_path / "there").read_bytes())["outcome"] == "pass"
    reading, writing = os.pipe()
    write_json(verdict().to_json(), Path(f"/dev/fd/{writing}"))
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        assert json.loads(pipe.read())["outcome"] == "pass"


def test_a_long_name_is_no_longer_while_it_is_written(tmp_path: Path) -> None:
    path = tmp_path / ("é" * 100 + ".json")
    write_json(verdict().to_json(), path)
    assert list(tmp_path.iterdir()) == [path]


def junit(path: Path, *verdicts: Verdict) -> ElementTree.Element:
    runs = [JudgedRun(name=str(n), verdict=each, seconds=1.0) for n, each in enumerate(verdicts)]
    write(report_on_runs("runs", runs, 1.0), [Wanted(KINDS["junit"], path)])
    return ElementTree.parse(path).getroot()


def test_junit_tells_ci_what_each_check_came_to(tmp_path: Path) -> None:
    suite = junit(tmp_path / "junit.xml", FAILED)[0]
    counts = {name: suite.get(name) for name in ("tests", "failures", "errors", "skipped")}
    assert counts == {"tests": "6", "failures": "1", "errors": "2", "skipped": "1"}
    results = {case.get("name"): [child.tag for child in case] for case in suite.iter("testcase")}
    assert results == {
        "no-loss: lost": ["failure"],
        "no-phantom: phantom": [],
        "exclusive: overlap": ["system-out"],
        "schedule: early-start": ["skipped"],
        "quiescent: stuck": ["error"],
        "evidence": ["error"],
    }
    failure = suite.find("testcase/failure")
    assert failure is not None
    assert "[bold red]</b><script>" in (failure.text or "")
    assert "and 24 more" in (failure.text or "")


def test_a_run_that_proves_nothing_is_an_error_in_junit(tmp_path: Path) -> None:
    root = junit(tmp_path / "junit.xml", verdict(check("lost"), unknown=[HOSTILE]))
    assert (root.get("failures"), root.get("errors")) == ("0", "1")


def test_runs_of_one_scenario_have_names_of_their_own_in_junit(tmp_path: Path) -> None:
    root = junit(tmp_path / "junit.xml", FAILED, FAILED, verdict(scenario=HOSTILE))
    names = [suite.get("name") for suite in root]
    assert len(set(names)) == 3
    assert root.get("tests") == "13"


def test_junit_of_no_run_is_well_formed(tmp_path: Path) -> None:
    assert junit(tmp_path / "junit.xml").get("tests") == "0"


@pytest.mark.parametrize("name", ["report.json", "report.xml", "report.md", "report.html"])
def test_every_kind_of_file_says_what_is_not_known_and_why(name: str, tmp_path: Path) -> None:
    reason = "its attempts have no fencing tokens"
    run = JudgedRun(
        name="small", verdict=verdict(check("lost"), check("zombie-write", lacks=reason)), seconds=1
    )
    path = tmp_path / name
    write(report_on_runs("all", [run], 1.0), [by_ending(path)])
    text = path.read_text()
    assert "not known" in text
    assert reason in text
