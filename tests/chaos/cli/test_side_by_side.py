"""The verdict of a run that another process played: read, believed only when it is whole."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from chaos.checks import Outcome, Verdict
from chaos.cli import side_by_side
from chaos.cli.catalogue import scenarios
from chaos.cli.side_by_side import Take, play_side_by_side, read_verdict
from chaos.processes import ExitStatus
from chaos.report import write_json
from chaos.rig.options import Options
from chaos.rig.progress import Progress
from tests.chaos.report.verdicts import HOSTILE, check, verdict

FAILED = verdict(
    check("lost", why=[f"job {HOSTILE} is missing"], broken=25, job=HOSTILE),
    check("overlap", why=["both ran"], promised=False, job=None),
    check("early-start", examined=0),
    check("stuck", error="no such table"),
    unknown=["planned faults did not land"],
)
ENDED = ExitStatus(code=1, signal=None)


def test_a_verdict_is_read_as_it_was_written(tmp_path: Path) -> None:
    write_json(FAILED.to_json(), tmp_path / "verdict.json")
    assert read_verdict(tmp_path, ENDED) == FAILED


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(FAILED.to_json())[:-40],
        "",
        "null",
        "[]",
        json.dumps(FAILED.to_json() | {"outcome": "perfect"}),
        json.dumps(FAILED.to_json() | {"checks": [{"anomaly": "lost"}]}),
        json.dumps(FAILED.to_json() | {"faults": [{"kinds": "kill"}]}),
        json.dumps({"outcome": "fail"}),
    ],
)
def test_a_torn_verdict_is_none(text: str, tmp_path: Path) -> None:
    (tmp_path / "verdict.json").write_text(text)
    with pytest.raises(ValueError, match="cannot be read"):
        read_verdict(tmp_path, ENDED)


def test_a_verdict_that_the_process_contradicts_is_none(tmp_path: Path) -> None:
    write_json(FAILED.to_json(), tmp_path / "verdict.json")
    for status, said in (
        (ExitStatus(code=3, signal=None), "exit code 3"),
        (ExitStatus(code=None, signal=9), "signal 9"),
    ):
        with pytest.raises(ValueError, match=f"the verdict fail, and ended with {said}"):
            read_verdict(tmp_path, status)


def played(
    program: str, out: Path, monkeypatch: pytest.MonkeyPatch, *, runs: int = 1
) -> list[Verdict]:
    """The verdicts on runs that this program plays, in the place of the rig."""
    monkeypatch.setattr(side_by_side, "python", lambda *words: ["python3", "-c", program, *words])
    options = Options(seed=5, out=out)
    takes = [
        Take(name=f"run-{n}", scenario=scenarios()[0], options=dataclasses.replace(options, seed=n))
        for n in range(runs)
    ]
    done = play_side_by_side(takes, "runs", options, 2, Progress(None))
    return [one.verdict for one in done.values()]


def test_a_run_that_leaves_no_verdict_is_unknown_and_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = "print('error: the disk is full'); raise SystemExit(3)"
    found = played(program, tmp_path / "out", monkeypatch, runs=2)
    assert [each.outcome for each in found] == [Outcome.UNKNOWN] * 2
    (reason,) = found[1].unknown_because
    assert "the run left no verdict (exit code 3: " in reason
    assert reason.endswith("its last words: the disk is full")
    name = scenarios()[0].name
    assert found[1].run["command"] == f"python -m chaos.{name} --target rrq_ref --seed 1"


def test_a_run_is_not_judged_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its directory has no history at all: whoever looked into it would find nothing."""
    passed = tmp_path / "verdict.json"
    write_json(verdict(check("lost")).to_json(), passed)
    program = f"""
import pathlib, shutil, sys
out = pathlib.Path(sys.argv[sys.argv.index("--out") + 1])
out.mkdir()
shutil.copy({str(passed)!r}, out / "verdict.json")
"""
    (found,) = played(program, tmp_path / "out", monkeypatch)
    assert found == verdict(check("lost"))
