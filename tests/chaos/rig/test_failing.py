"""A rig that fails in the middle judges what there is. What was broken stands, and nothing else."""

from __future__ import annotations

import json
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from chaos.checks import Outcome
from chaos.cli.playing import Played, play
from chaos.kill_during_claim import SCENARIO
from chaos.rig.options import Options
from chaos.rig.problem import RigProblem
from chaos.rig.progress import Progress
from chaos.rig.rig import Rig

pytestmark = pytest.mark.slow

FORGETFUL = "tests.chaos.rig.forgetful:TARGET"


def failing(story: Any, tmp_path: Path, target: str = "rrq_ref") -> Played:
    scenario = replace(SCENARIO, name="failing", play=story, jobs=10, workers=1, settle_s=10.0)
    options = Options(target=target, out=tmp_path / "run", redis="embedded")
    return play(scenario, options, Progress(None))


def events(played: Played) -> list[dict[str, Any]]:
    text = (played.directory / "history" / "rig.jsonl").read_text()
    return [json.loads(line) for line in text.splitlines()]


def in_vain(rig: Rig) -> None:
    """Work is done, and then the story waits for something that does not come."""
    rig.enqueue(rig.busy_jobs(1, 5))
    rig.workers.start()
    rig.wait("the work", rig.seen.idle)
    raise RigProblem("waited in vain")


def in_vain_within_a_fault(rig: Rig) -> None:
    worker = rig.workers.start()
    with rig.redis.during("server-stop"), rig.wire.partition(worker):
        raise RigProblem("waited in vain")


def without_workers(rig: Rig) -> None:
    """What nobody could do any more is nobody's fault."""
    worker = rig.workers.start()
    rig.workers.signal(worker, signal.SIGKILL)
    rig.enqueue(rig.busy_jobs(1, 5))
    raise RigProblem("waited in vain")


def without_a_server(rig: Rig) -> None:
    rig.enqueue(rig.busy_jobs(1, 5))
    rig.workers.start()
    rig.wait("the work", rig.seen.idle)
    rig.server.kill()  # by nobody who would tell
    raise RigProblem("waited in vain")


@pytest.mark.parametrize(
    "story", [in_vain, in_vain_within_a_fault, without_workers, without_a_server]
)
def test_a_sound_target_is_not_accused_of_it(story: Any, tmp_path: Path) -> None:
    played = failing(story, tmp_path)
    assert played.verdict.outcome is Outcome.UNKNOWN, played.verdict.broken
    assert "the rig itself failed: waited in vain" in played.verdict.unknown_because


def test_a_promise_that_was_broken_by_then_is_a_failure(tmp_path: Path) -> None:
    played = failing(in_vain, tmp_path, FORGETFUL)
    assert played.verdict.outcome is Outcome.FAIL
    assert {check.anomaly for check in played.verdict.broken} == {"lost"}


def test_a_fault_is_undone_and_noted_from_its_beginning(tmp_path: Path) -> None:
    told = events(failing(in_vain_within_a_fault, tmp_path))
    steps = [
        each["event"]
        for each in told
        if each["type"] == "server" or each.get("kind") in ("server-stop", "partition")
    ]
    assert steps == [
        *("up", "begun", "down", "landed"),
        *("planned", "begun", "landed", "healed"),
        *("up", "healed"),
    ]
    assert any(each.get("what") == "read" and each["ok"] for each in told)
