"""A case counts only if it could have been judged broken."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import pytest

from chaos.checks import CheckResult, Outcome, Status, judge
from chaos.checks.judge import sql_of
from tests.chaos.checks.story import Story


def orphan(story: Story) -> None:
    """Its holder dies, and another worker starts it again in time."""
    story.run["about"] = ["recovery"]
    story.enqueue("j1")
    story.wire("claim", "j1", "w1", at=10)
    story.start("j1", "w1", at=12)
    story.kill("w1", at=50)
    story.attempt("j1", "w2", at=1_100, until=1_200, token=2)
    story.finally_("j1", "completed")


def recovery(story: Story, run_dir: Path) -> tuple[Outcome, CheckResult]:
    verdict = judge(story.write(run_dir))
    return verdict.outcome, next(c for c in verdict.checks if c.anomaly == "late-redelivery")


def test_a_recovery_that_somebody_could_witness_is_a_case(tmp_path: Path) -> None:
    story = Story()
    orphan(story)

    outcome, check = recovery(story, tmp_path)

    assert outcome is Outcome.PASS
    assert (check.examined, check.excused, check.status) == (1, 0, Status.OK)


def test_a_recovery_that_nobody_could_witness_is_none_and_the_run_is_unknown(
    tmp_path: Path,
) -> None:
    story = Story()
    orphan(story)
    story.kill("w2", at=1_205)

    outcome, check = recovery(story, tmp_path)

    assert outcome is Outcome.UNKNOWN
    assert (check.examined, check.excused, check.status) == (0, 1, Status.NOT_EXERCISED)
    assert "the run is about recovery, and had no case of it" in judge(tmp_path).unknown_because


@pytest.mark.parametrize("judged", ["false", "NULL"])
def test_a_check_that_blames_what_it_could_not_judge_fails_itself(
    judged: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blames = f"SELECT 'j1' AS job, 1 AS t, {judged} AS judged, true AS broken, 'so' AS why"
    monkeypatch.setattr(
        import_module("chaos.checks.judge"),
        "sql_of",
        lambda name: blames if name == "late-redelivery" else sql_of(name),
    )
    story = Story()
    orphan(story)

    outcome, check = recovery(story, tmp_path)

    assert outcome is Outcome.UNKNOWN
    assert check.error == "1 of its broken cases could not be judged"
