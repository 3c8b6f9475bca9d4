"""`--known` from the command line: the exit code, and the verdict that stays the truth."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from chaos.cli.group import command
from tests.chaos.checks.story import Story
from tests.chaos.rig.running import run

NAIVE = "examples.naive_queue.target:TARGET"


def listed(path: Path, anomaly: str) -> str:
    file = path / f"{anomaly}.toml"
    entry = f'[[known]]\nscenario = "kill_during_claim"\nanomaly = "{anomaly}"\nreason = "a pop"\n'
    file.write_text(entry)
    return str(file)


@pytest.mark.parametrize(
    ("anomaly", "end", "code"),
    [
        ("lost", "missing", 0),
        ("effect-missing", "missing", 1),
        ("lost", "completed", 1),
        ("hung-worker", "completed", 0),
    ],
)
def test_a_saved_run_is_held_against_the_list(
    anomaly: str, end: str, code: int, tmp_path: Path
) -> None:
    story = Story()
    story.run["scenario"] = "kill_during_claim"
    for job, state in (("job-1", end), ("job-2", "completed")):
        story.enqueue(job)
        story.finally_(job, state)
    story.attempt("job-2", at=10, until=20)
    directory, report = story.write(tmp_path / "run"), tmp_path / "it.json"
    words = ["check", str(directory), "--known", listed(tmp_path, anomaly), "--json", str(report)]
    done = CliRunner().invoke(command, words)
    assert done.exit_code == code, done.output
    told = json.loads(report.read_bytes())
    assert told["known"]["exit_code"] == code
    assert told["exit_code"] == (1 if end == "missing" else 0)


@pytest.mark.slow
def test_a_run_that_breaks_what_is_known_is_green_and_its_verdict_is_not(tmp_path: Path) -> None:
    out, summary = tmp_path / "run", tmp_path / "summary.md"
    words = ("--target", NAIVE, "--seed", "7", "--out", str(out), "--summary", str(summary))
    done = run("chaos.kill_during_claim", *words, "--known", listed(tmp_path, "lost"))
    assert done.returncode == 0, done.stdout + done.stderr
    verdict = json.loads((out / "verdict.json").read_bytes())
    assert (verdict["outcome"], verdict["exit_code"]) == ("fail", 1)
    assert verdict["known"]["broken"][0]["reason"] == "a pop"
    assert "### Broken, and known to be" in summary.read_text()
