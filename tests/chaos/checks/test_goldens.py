"""Every check turns red on what it is for, and on nothing that merely looks like it."""

from pathlib import Path

import pytest

from chaos.checks import Outcome, Verdict, judge
from chaos.guarantees import ANOMALIES
from tests.chaos.checks.goldens import KINDS, Golden, all_goldens, goldens_of
from tests.chaos.checks.story import Story


def explain(verdict: Verdict) -> str:
    errors = [f"{check.anomaly}: {check.error}" for check in verdict.checks if check.error]
    reasons = [row["why"] for check in verdict.broken for row in check.rows]
    return "; ".join([*errors, *reasons, *verdict.unknown_because])


@pytest.mark.parametrize("anomaly", ANOMALIES)
def test_every_anomaly_has_its_three_histories(anomaly: str) -> None:
    assert {golden.kind for golden in goldens_of(anomaly)} == set(KINDS)


@pytest.mark.parametrize("golden", all_goldens(), ids=lambda golden: golden.id)
def test_a_golden_history_shows_what_it_says(golden: Golden, tmp_path: Path) -> None:
    story = Story()
    expected = golden.tell(story) or set()
    verdict = judge(story.write(tmp_path))
    flagged = {check.anomaly for check in verdict.broken}
    assert flagged == expected, explain(verdict)
    assert verdict.outcome is (Outcome.FAIL if expected else Outcome.PASS), explain(verdict)
    assert (golden.kind == "bad") == (golden.anomaly in flagged)


@pytest.mark.parametrize("anomaly", ANOMALIES)
def test_a_near_miss_is_examined(anomaly: str, tmp_path: Path) -> None:
    """A history that its check does not even look at would prove nothing about it."""
    for golden in goldens_of(anomaly):
        if golden.kind == "near_miss":
            story = Story()
            golden.tell(story)
            verdict = judge(story.write(tmp_path / golden.name))
            check = next(check for check in verdict.checks if check.anomaly == anomaly)
            if check.examined:
                return
    pytest.fail(f"no near miss of {anomaly} has a case")


@pytest.mark.parametrize("golden", all_goldens(), ids=lambda golden: golden.id)
def test_a_broken_case_says_why(golden: Golden, tmp_path: Path) -> None:
    story = Story()
    golden.tell(story)
    for check in judge(story.write(tmp_path)).broken:
        for row in check.rows:
            assert row["why"], check.anomaly
            assert row["t"] is not None, check.anomaly
