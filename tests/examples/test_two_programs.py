"""A target of two programs: what can be told of a queue of which only these are known."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.chaos.rig.running import run

pytestmark = pytest.mark.slow

TARGET = "examples.two_programs.target:TARGET"


def test_jobs_of_workers_that_are_killed_are_lost_and_said_to_be(tmp_path: Path) -> None:
    out = tmp_path / "run"
    done = run("chaos.kill_during_claim", "--target", TARGET, "--seed", "7", "--out", str(out))
    assert done.returncode == 1, done.stdout + done.stderr
    assert "claim: BLPOP naive:default" in done.stdout
    verdict = json.loads((out / "verdict.json").read_text())
    broken = {check["anomaly"]: check for check in verdict["checks"] if check["promised"]}
    assert [name for name, check in broken.items() if check["broken"]] == ["lost"]
    # Two were killed after the store had given the job away and before the handler had it, two
    # right after that; those that were killed before they had asked took nothing.
    assert 2 <= broken["lost"]["broken"] <= 4
    told = json.loads((out / "run.json").read_text())
    assert "finish: HSET naive:default:results" in told["inferred"]
