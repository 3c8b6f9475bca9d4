"""`rrq-chaos compare` asks a queue of two programs, and goes on where it was stopped."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from chaos.compare.programme import QUICK, programme
from tests.chaos.rig.running import run

TARGET = "examples.two_programs.target:TARGET"
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def compared(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A comparison's directory, and what it printed. The program may take some minutes."""
    into = tmp_path_factory.mktemp("compare")
    done = _compare(into)
    assert done.returncode == 0, done.stdout + done.stderr
    return into, done.stdout


def _compare(into: Path) -> Any:
    words = (
        "--quick",
        "--at-once",
        "1",
        "--targets",
        TARGET,
        "--out",
        str(into / "runs"),
        "--seed",
        "3",
    )
    pages = {"--json": "found.json", "--page": "results.md", "--findings": "findings.md"}
    files = [word for option, name in pages.items() for word in (option, str(into / name))]
    return run("chaos", "compare", *words, *files, limit_s=600)


def test_every_answer_comes_from_a_run(compared: tuple[Path, str]) -> None:
    into, _ = compared
    (found,) = json.loads((into / "found.json").read_text())
    answers = {one["part"]: one["answer"]["words"] for one in found["asked"]}
    assert answers.keys() == {"crash_points", *QUICK}
    # It pops a job from a list, and nobody knows of it until it is done.
    assert answers["crash_points"].startswith("lost at 5 of ")
    assert "kill before the reply to claim.1" in answers["crash_points"]
    assert answers["killed"].startswith("lost")
    assert answers["outlasts"].startswith("once")


def test_the_page_has_each_question_and_its_command(compared: tuple[Path, str]) -> None:
    into, printed = compared
    page = (into / "results.md").read_text()
    for part in programme(quick=True):
        assert part.asks in page
        assert f"`{part.command('QUEUE', 3)}`" in page
    assert f"python -m chaos.compare --targets {TARGET} --quick --seed 3" in page
    assert "lost at 5 of" in printed


def test_the_findings_can_be_shown_without_the_rig(compared: tuple[Path, str]) -> None:
    into, _ = compared
    page = (into / "findings.md").read_text()
    assert "### naive_queue: a worker is killed while it runs a job: lost" in page
    assert "Without a script" not in page
    directory = into / "runs" / TARGET / "killed"
    done = run("chaos", "repro", str(directory), "--out", str(into / "scripts"))
    assert done.returncode == 0, done.stderr
    assert (into / "scripts" / "naive_queue_killed.py").exists()


def test_what_is_known_is_not_asked_again(compared: tuple[Path, str]) -> None:
    into, _ = compared
    before = {path: path.stat().st_mtime_ns for path in (into / "runs").rglob("history/*")}
    done = _compare(into)
    assert done.returncode == 0, done.stdout + done.stderr
    after = {path: path.stat().st_mtime_ns for path in (into / "runs").rglob("history/*")}
    assert before
    assert after == before


def test_a_target_that_cannot_be_asked_is_told(tmp_path: Path) -> None:
    done = run("chaos", "compare", "--targets", "no_such_queue")
    assert done.returncode == 2
    assert "no target is named 'no_such_queue'" in done.stderr


def test_findings_need_the_runs_that_they_name(tmp_path: Path) -> None:
    done = run("chaos", "compare", "--targets", TARGET, "--findings", str(tmp_path / "f.md"))
    assert done.returncode == 2
    assert "give --out" in done.stderr
