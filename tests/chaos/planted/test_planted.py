"""The command: bugs are caught by their names, missed ones are named, nothing is left behind."""

from __future__ import annotations

import dataclasses
import json
import signal
from pathlib import Path

import pytest
from click.testing import CliRunner

from chaos.checks import Outcome
from chaos.cli import planted
from chaos.guarantees import ANOMALIES
from chaos.planted import trials
from chaos.planted.bugs import BUGS
from chaos.planted.edit import Edit
from chaos.planted.runs import Result, Run, play, wilson
from chaos.planted.trials import Trial
from tests.chaos.rig.running import begun, first_descendants, read_until, run, survivors

#: Of several kinds: a script, a client, a script and the store, a worker.
CAUGHT = {
    "deferred_starts_at_once": "early-start",
    "half_refused_is_refused": "phantom",
    "dlq_requeue_in_two_steps": "lost",
    "effects_before_the_check": "effect-repeated",
    "stops_at_the_first_connection_error": "worker-died",
}


@pytest.mark.slow
def test_bugs_are_caught_by_the_anomalies_named_for_them(tmp_path: Path) -> None:
    report, table = tmp_path / "report.json", tmp_path / "table.md"
    words = [word for name in CAUGHT for word in ("--bug", name)]

    done = run(
        "chaos.planted", *words, "--seed", "3", "--json", str(report), "--markdown", str(table)
    )

    assert done.returncode == 0, done.stdout + done.stderr
    results = {result["name"]: result for result in json.loads(report.read_text())}
    assert {name: result["anomaly"] for name, result in results.items()} == CAUGHT
    assert all(result["hits"] == result["runs"] == 1 for result in results.values())
    assert "5 of 5 as they should be; seed 3" in done.stdout
    assert table.read_text().count("| 1 of 1 |") == len(CAUGHT)


@pytest.mark.slow
def test_a_safeguard_may_be_missing_alone_but_not_two(tmp_path: Path) -> None:
    wanted = [t for t in trials.ablations() if "owner_not_compared" in t.bugs]

    results = play(wanted, [1], 2, tmp_path, lambda *_: None)

    assert [(r.trial.anomaly, r.good) for r in results] == [(None, True), ("zombie-write", True)]


def test_what_is_not_caught_is_told_and_fails(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    sound = Trial(name="none", scenario="planted.scenarios.idle_workers", anomaly="lost")
    monkeypatch.setattr(trials, "bugs", lambda names: [sound])

    done = CliRunner().invoke(planted.command, ["--seed", "1", "--out", str(tmp_path / "runs")])

    assert done.exit_code == 1
    assert "none was not shown; to repeat a run of it:" in done.output
    assert "python -m chaos.planted.scenarios.idle_workers --target rrq_ref --seed 1" in done.output


def test_every_bug_is_listed_with_its_sentence() -> None:
    done = CliRunner().invoke(planted.command, ["--list"])

    assert done.exit_code == 0
    text = " ".join(done.output.split())
    assert all(
        f"{bug.name} ({bug.anomaly} in {bug.scenario or 'the default programme'}): " in text
        for bug in BUGS.values()
    )
    assert len(BUGS) >= 25
    assert {bug.anomaly for bug in BUGS.values()} == set(ANOMALIES)


@pytest.mark.parametrize("words", [["--bug", "nope"], ["--bug", "no_refresher", "--control"]])
def test_wrong_usage_is_refused(words: list[str]) -> None:
    assert CliRunner().invoke(planted.command, words).exit_code == 2


def test_a_bug_that_does_not_fit_any_more_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    old = dataclasses.replace(
        BUGS["no_refresher"], name="old", edits=(Edit("worker.py", "what was there once", ""),)
    )
    monkeypatch.setitem(BUGS, "old", old)
    monkeypatch.setattr(planted, "play", None)

    done = CliRunner().invoke(planted.command, [])

    assert done.exit_code == 1
    assert "old no longer fits: found 0 times in worker.py" in done.output


def test_an_interrupted_command_leaves_nothing_running() -> None:
    with begun("chaos.planted", "--bug", "deferred_starts_at_once", "--runs", "4") as process:
        read_until(process, "seed")
        started = first_descendants(process.pid)

        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)

        assert process.returncode == 128 + signal.SIGTERM
        assert started
        assert survivors(started) == []


def test_a_bug_counts_by_its_own_anomaly_only() -> None:
    trial = Trial(name="t", scenario="s", bugs="b", anomaly="lost")
    runs = [
        _run(1, Outcome.FAIL, "stuck", seconds=1.0),
        _run(2, Outcome.FAIL, "lost", "stuck", seconds=3.0),
        _run(3, Outcome.UNKNOWN, seconds=1.0),
        _run(4, Outcome.FAIL, "lost", seconds=5.0),
    ]

    result = Result(trial=trial, runs=runs)

    assert [run.seed for run in result.hits] == [2, 4]
    assert (result.good, result.median_s, result.others) == (True, 4.0, ["stuck"])
    assert not Result(trial=trial, runs=runs[:1]).good
    assert not Result(trial=trial).good


def test_what_must_pass_must_pass_in_every_run() -> None:
    trial = Trial(name="t", scenario="s")
    passed, unknown = _run(1, Outcome.PASS), _run(2, Outcome.UNKNOWN)

    assert Result(trial=trial, runs=[passed]).good
    assert not Result(trial=trial, runs=[passed, unknown]).good
    assert not Result(trial=trial).good


def _run(seed: int, outcome: Outcome, *found: str, seconds: float = 1.0) -> Run:
    return Run(seed=seed, seconds=seconds, outcome=outcome, found=found)


@pytest.mark.parametrize(
    ("hits", "runs", "low", "high"),
    [
        (0, 0, 0.0, 1.0),
        (0, 10, 0.0, 0.2775),
        (1, 1, 0.2065, 1.0),
        (3, 3, 0.4385, 1.0),
        (5, 10, 0.2366, 0.7634),
        (81, 263, 0.2553, 0.3662),
    ],
)
def test_the_interval_is_wilsons(hits: int, runs: int, low: float, high: float) -> None:
    assert wilson(hits, runs) == pytest.approx((low, high), abs=1e-4)
    assert wilson(runs - hits, runs) == pytest.approx((1 - high, 1 - low), abs=1e-4)
