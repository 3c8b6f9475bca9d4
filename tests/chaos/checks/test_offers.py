"""Evidence that a target does not show: the report says so, with a reason, and guesses nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from chaos.checks import Outcome, Status, judge
from chaos.evidence import Evidence
from chaos.guarantees import ANOMALIES, GUARANTEES
from chaos.report.words import what_was_counted
from tests.chaos.checks.story import Story

# It asks queries, which are the same on every Python.
pytestmark = pytest.mark.slow


def story(*offers: str, end: bool = True) -> Story:
    """A job that is done; its history is as poor as the offers."""
    told = Story()
    told.run["offers"] = list(offers)
    told.enqueue("j1")
    told.start("j1", "w1", at=10, token=None)
    if end:
        told.end("j1", "w1", at=20, token=None)
    if "jobs" in offers:
        told.finally_("j1", "completed")
    else:
        told.forget("final", what="read")
    return told


#: Checks that look at what every target shows.
ALWAYS = {
    *("lost", "phantom", "overlap", "late-redelivery", "budget-exceeded", "start-after-drain"),
    *("abandoned", "early-exit", "early-start", "unique-violated", "worker-died", "worker-idle"),
    *("wrong-arguments", "wrong-order", "leak", "late-start", "starved", "over-capacity"),
    *("cut-short", "hung-worker", "hasty-restart", "needless-replacement", "unreplaced"),
}
#: Checks that look at what each job has become.
SETTLED = ("extra-job", "false-dead-letter", "stuck", "wrong-end", "wrong-queue", "wrong-result")


@pytest.mark.parametrize(
    ("offers", "known"),
    [
        ((), set()),
        (("wire",), {"premature-redelivery", "hammering"}),
        (
            ("wire", "tokens"),
            {
                *("premature-redelivery", "zombie-write", "hammering"),
                *("needless-takeback", "expired-start"),
            },
        ),
        (("wire", "completions"), {"premature-redelivery", "double-commit", "hammering"}),
        (("jobs",), {*SETTLED}),
        (("jobs", "retries"), {*SETTLED, "retry-lost", "retry-twice"}),
        (("jobs", "keys"), {*SETTLED, "orphan-key", "wrong-ttl"}),
        (("health",), {"ghost-worker", "unseen-worker"}),
        (("state",), {"inconsistent"}),
        (("jobs", "effects"), {*SETTLED, "effect-missing", "effect-repeated"}),
        (("effects", "tokens"), {"double-commit"}),
        (tuple(Evidence), set(ANOMALIES)),
    ],
)
def test_a_check_looks_only_where_there_is_evidence(
    offers: tuple[str, ...], known: set[str], tmp_path: Path
) -> None:
    told = story(*offers)
    told.wire("finish", "j1", "w1", at=20)
    checks = judge(told.write(tmp_path)).checks
    not_known = {check.anomaly for check in checks if check.status is Status.NOT_KNOWN}
    assert {check.anomaly for check in checks} - not_known == ALWAYS | known
    assert all(bool(check.lacks) == (check.anomaly in not_known) for check in checks)


def test_each_reason_is_a_sentence_of_its_own() -> None:
    assert len({evidence.absence for evidence in Evidence}) == len(Evidence)


@pytest.mark.parametrize(
    ("about", "promises", "outcome", "reason"),
    [
        (["no-loss"], ["no-loss", "fenced"], Outcome.PASS, None),
        (
            ["fenced"],
            ["no-loss", "fenced"],
            Outcome.UNKNOWN,
            "the run is about fenced, which cannot be known: its attempts have no fencing tokens"
            " and its commands on the wire cannot be read",
        ),
        # What is not promised need not be shown, but something must be.
        (["no-loss", "fenced"], ["no-loss"], Outcome.PASS, None),
        (
            ["fenced", "burst"],
            ["no-loss"],
            Outcome.UNKNOWN,
            "the run is about fenced, burst, and none of it is promised",
        ),
    ],
)
def test_a_run_about_what_is_not_known_is_unknown(
    about: list[str], promises: list[str], outcome: Outcome, reason: str | None, tmp_path: Path
) -> None:
    told = story()
    told.run |= {"about": about, "promises": promises}
    verdict = judge(told.write(tmp_path))
    assert verdict.unknown_because == (() if reason is None else (reason,))
    assert verdict.outcome is outcome


def test_without_an_inspector_a_job_is_kept_when_its_handler_succeeded(tmp_path: Path) -> None:
    verdict = judge(story().write(tmp_path))
    (lost,) = (check for check in verdict.checks if check.anomaly == "lost")
    assert (verdict.outcome, lost.examined, lost.broken) == (Outcome.PASS, 1, 0)
    assert verdict.counts["completed"] == 1
    assert "dead" not in verdict.counts


def test_without_an_inspector_a_job_that_was_not_seen_to_end_is_no_loss_and_no_pass(
    tmp_path: Path,
) -> None:
    told = story(end=False)
    for number in range(2, 6):
        told.enqueue(f"j{number}")
    verdict = judge(told.write(tmp_path))
    assert not verdict.broken
    (lost,) = (check for check in verdict.checks if check.anomaly == "lost")
    assert (lost.status, lost.lacks) == (Status.NOT_KNOWN, Evidence.JOBS.absence)
    assert (verdict.outcome, verdict.unknown_because) == (
        Outcome.UNKNOWN,
        (
            "5 acknowledged jobs were not seen to end (j1, j2, j3, ...), and the target has no"
            " inspector that tells whether they are lost",
        ),
    )


def test_a_completion_on_the_wire_is_an_end_too(tmp_path: Path) -> None:
    told = story("wire", "completions", end=False)
    told.wire("finish", "j1", "w1", at=20)
    assert judge(told.write(tmp_path)).outcome is Outcome.PASS


def test_a_handler_that_succeeded_is_not_enough_where_the_wire_shows_completions(
    tmp_path: Path,
) -> None:
    assert judge(story("wire", "completions").write(tmp_path)).outcome is Outcome.UNKNOWN


def test_a_run_that_does_not_say_what_it_offers_is_judged_in_full(tmp_path: Path) -> None:
    told = story("jobs")
    del told.run["offers"]
    assert not [check for check in judge(told.write(tmp_path)).checks if check.lacks]
    assert set(told.run["promises"]) == set(GUARANTEES)


def test_it_is_told_how_soon_the_jobs_of_dead_workers_were_taken_again(tmp_path: Path) -> None:
    told = Story()
    for job, back in (("j1", 1_055), ("j2", 2_055), ("j3", 4_055), ("never", None)):
        told.enqueue(job)
        told.wire("claim", job, "w1", at=10)
        if back:
            told.wire("claim", job, "w2", at=back, token=2)
        told.finally_(job, "completed")
    told.enqueue("done")
    told.wire("claim", "done", "w1", at=10)
    told.wire("finish", "done", "w1", at=20)
    told.wire("claim", "done", "w2", at=30, token=2)
    told.finally_("done", "completed")
    told.kill("w1", at=50)
    counts = judge(told.write(tmp_path)).counts
    assert counts["again"] == 3
    assert (counts["again_median_ms"], counts["again_worst_ms"]) == (2_000, 4_000)
    words = "3 jobs of dead workers taken again after 2.0 s in the median, 4.0 s at worst"
    assert words in what_was_counted(counts)
