"""Every check turns red on its own anomaly, and on nothing that merely looks like it."""

from pathlib import Path

import pytest

from chaos.checks import Outcome, Verdict, judge
from chaos.guarantees import ANOMALIES
from chaos.history import Recorder
from chaos.history.events import RigObstructed
from tests.chaos.checks.goldens import NEEDED, Golden, all_goldens, goldens_of
from tests.chaos.checks.story import Story

pytestmark = pytest.mark.slow


def explain(verdict: Verdict) -> str:
    errors = [f"{check.anomaly}: {check.error}" for check in verdict.checks if check.error]
    reasons = [f"{check.anomaly}: {row['why']}" for check in verdict.broken for row in check.rows]
    return "; ".join([*errors, *reasons, *verdict.unknown_because])


@pytest.mark.parametrize("anomaly", ANOMALIES)
def test_every_anomaly_has_its_three_histories(anomaly: str) -> None:
    assert {golden.kind for golden in goldens_of(anomaly)} >= set(NEEDED)


@pytest.mark.parametrize("golden", all_goldens(), ids=lambda golden: golden.id)
def test_a_golden_history_shows_what_it_says(golden: Golden, tmp_path: Path) -> None:
    story = Story()
    expected = golden.tell(story) or {}
    verdict = judge(story.write(tmp_path))
    assert {c.anomaly: c.broken for c in verdict.broken} == expected, explain(verdict)
    quiet = Outcome.UNKNOWN if story.unknown else Outcome.PASS
    assert verdict.outcome is (Outcome.FAIL if expected else quiet), explain(verdict)
    assert (golden.kind == "bad") == (golden.anomaly in expected)
    # A history that its check does not even look at would prove nothing about it.
    (check,) = (check for check in verdict.checks if check.anomaly == golden.anomaly)
    met = bool(check.examined + check.excused)
    assert golden.kind not in ("near_miss", "irrelevant") or met == (golden.kind == "near_miss")
    assert check.examined == golden.judged(story, expected)
    for row in (row for check in verdict.broken for row in check.rows):
        assert row["why"]
        assert row["t"] is not None


def test_nothing_counts_against_a_target_that_the_rig_kept_from_its_server(tmp_path: Path) -> None:
    golden = next(each for each in goldens_of("lost") if each.kind == "bad")
    story = Story()
    golden.tell(story)
    run_dir = story.write(tmp_path)
    assert judge(run_dir).outcome is Outcome.FAIL
    why = "the wire proxy cannot connect to redis://h (Connection refused)"
    Recorder(run_dir / "history" / "rig-2.jsonl", "rig").write(RigObstructed(error=why))
    verdict = judge(run_dir)
    assert verdict.outcome is Outcome.UNKNOWN
    assert f"the rig itself failed: {why}" in verdict.unknown_because
