"""Targets that leave optional parts out are tested for what can be seen, and no verdict guesses."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.chaos.rig.running import run

pytestmark = pytest.mark.slow


def judged(scenario: str, target: str, tmp_path: Path, *options: str, code: int) -> dict[str, Any]:
    out = tmp_path / "run"
    where = f"tests.chaos.targets.blind:{target}"
    done = run(f"chaos.{scenario}", "--target", where, "--out", str(out), *options)
    assert done.returncode == code, done.stdout + done.stderr
    verdict: dict[str, Any] = json.loads((out / "verdict.json").read_text())
    return verdict


def test_handlers_alone_are_enough_for_a_pass(tmp_path: Path) -> None:
    verdict = judged("drain_on_sigterm", "HANDLERS_ONLY", tmp_path, code=0)
    examined = {check["anomaly"]: check["examined"] for check in verdict["checks"]}
    assert examined["lost"] == verdict["counts"]["acknowledged"]
    assert examined["abandoned"]


def test_handlers_alone_show_that_jobs_of_dead_workers_come_back(tmp_path: Path) -> None:
    few = ("--workers", "6", "--jobs", "6")
    verdict = judged("many_workers", "HANDLERS_ONLY", tmp_path, *few, code=0)
    examined = {check["anomaly"]: check["examined"] for check in verdict["checks"]}
    assert examined["late-redelivery"]


def test_without_an_inspector_a_lost_job_is_not_known_to_be_lost(tmp_path: Path) -> None:
    verdict = judged("kill_during_claim", "UNINSPECTED", tmp_path, code=3)
    (reason,) = [why for why in verdict["unknown_because"] if "were not seen to end" in why]
    # As many as were lost: two to four, as in `tests/examples/test_naive_queue.py`.
    assert re.match(r"[234] acknowledged jobs were not seen to end \(job-", reason)
    (lost,) = [check for check in verdict["checks"] if check["anomaly"] == "lost"]
    assert lost["status"] == "not known"


@pytest.mark.parametrize(
    ("scenario", "why"),
    [
        ("kill_during_claim", "no command is known that makes a claim"),
        ("drain_on_sigterm", "it has no fleet"),
    ],
)
def test_a_scenario_that_needs_a_part_says_so_before_anything_starts(
    scenario: str, why: str, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    target = "tests.chaos.targets.blind:UNREADABLE"
    done = run(f"chaos.{scenario}", "--target", target, "--out", str(out))
    assert done.returncode == 3
    (sentence,) = done.stderr.splitlines()
    assert sentence == f"error: {scenario} cannot be played: it is not for unreadable: {why}"
    assert not out.exists()
