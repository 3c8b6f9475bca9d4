"""Faults of the server: the rig's own part in them, and the verdict on their damage."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from chaos.checks import Verdict
from chaos.cli.catalogue import scenarios
from chaos.cli.playing import play
from chaos.rig.options import Options
from chaos.rig.progress import Progress
from chaos.rig.rig import Rig
from chaos.rig.scenario import Parameter, Scenario
from tests.chaos.rig.running import run


def one_worker(rig: Rig) -> None:
    rig.enqueue([rig.job() for _ in range(3)])
    rig.workers.start()
    rig.wait("the work done", rig.seen.idle)


def played(story: Any, out: Path, **about: Any) -> Verdict:
    """Play and judge a small story in this process."""
    scenario = Scenario(
        name="small", story="A story.", guarantees=("no-loss",), play=story, settle_s=10.0, **about
    )
    return play(scenario, Options(out=out), Progress(None)).verdict


def broken(verdict: Verdict) -> dict[str, int]:
    return {check.anomaly: check.broken for check in verdict.broken}


# What is lost is found, and counted


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "kind"),
    [
        (["chaos.redis_killed", "--durability", "none"], "server-kill"),
        (["chaos.out_of_memory", "--policy", "allkeys-lru"], "server-evict"),
    ],
)
def test_a_server_that_forgets_jobs_fails_the_run_which_says_how_many(
    words: list[str], kind: str, tmp_path: Path
) -> None:
    report = tmp_path / "verdict.json"

    done = run(
        *words,
        "--seed",
        "5",
        "--workers",
        "1",
        "--out",
        str(tmp_path / "run"),
        "--json",
        str(report),
    )

    assert done.returncode == 1, done.stdout + done.stderr
    verdict = json.loads(report.read_text())
    (lost,) = (check for check in verdict["checks"] if check["anomaly"] == "lost")
    missing = lost["broken"]
    assert 0 < missing < verdict["counts"]["acknowledged"]
    assert re.search(rf"no-loss +BROKEN +{lost['examined']:,} +{missing:,}", done.stdout)
    assert {fault["kind"] for fault in verdict["faults"]} >= {kind}
    assert " ".join(words[1:]) in done.stdout  # in the command that repeats it


# Workers that do not live through it


def test_a_worker_that_ends_by_itself_fails_the_run(tmp_path: Path) -> None:
    def story(rig: Rig) -> None:
        one_worker(rig)
        rig.workers.start()
        # Not by the rig's own words: it must look as if it had ended by itself.
        first = rig.workers.all[0]
        first.life.process.signal(6)
        rig.wait("its end", first.left)

    verdict = played(story, tmp_path / "run")

    assert broken(verdict) == {"worker-died": 1}
    assert not verdict.unknown_because


def test_a_worker_that_takes_no_job_fails_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chaos.rig.rig._OFFER_S", 0.5)

    def story(rig: Rig) -> None:
        one_worker(rig)
        idle = rig.workers.start()
        # Not cut off by the rig's own words: it must look as if it had stopped by itself.
        idle.life.process.pause()
        rig.everyone_works()
        idle.life.process.resume()

    assert broken(played(story, tmp_path / "run"))["worker-idle"] == 1


# What a scenario asks for


def test_a_fault_is_in_the_history_from_before_it_began_until_it_is_over(tmp_path: Path) -> None:
    seen: list[bool] = []

    def story(rig: Rig) -> None:
        one_worker(rig)
        with rig.redis.during("server-pause"):
            seen.append(rig.seen.blind)
        seen.append(rig.seen.blind)
        with rig.redis.during("server-readonly"), rig.redis.during("server-fill"):
            seen.append(rig.seen.blind)
        rig.redis.once("server-scripts")

    assert not broken(played(story, tmp_path / "run", owns_server=True))
    lines = (tmp_path / "run" / "history" / "rig.jsonl").read_text().splitlines()
    faults = [event for event in map(json.loads, lines) if event["type"] == "fault"]
    told = [(e["kind"], e["event"]) for e in faults if e["target"] == "server"]
    assert told == [
        ("server-pause", "begun"),
        ("server-pause", "landed"),
        ("server-pause", "healed"),
        ("server-readonly", "begun"),
        ("server-readonly", "landed"),
        ("server-fill", "begun"),
        ("server-fill", "landed"),
        ("server-fill", "healed"),
        ("server-readonly", "healed"),
        ("server-scripts", "begun"),
        ("server-scripts", "landed"),
        ("server-scripts", "healed"),
    ]
    assert seen == [True, False, False]


def test_what_the_machine_lacks_makes_the_verdict_unknown_and_is_named(tmp_path: Path) -> None:
    verdict = played(one_worker, tmp_path / "run", lacking=lambda: "there is no moon")

    assert verdict.outcome.exit_code == 3
    assert any("there is no moon" in reason for reason in verdict.unknown_because)


def test_options_of_a_scenario_are_checked_and_repeated(tmp_path: Path) -> None:
    done = run("chaos.redis_killed", "--durability", "perhaps")
    assert done.returncode == 2
    assert "'always', 'everysec', 'none'" in done.stderr

    told: list[Any] = []
    with_one = Parameter(name="size", help="How much.", default=3)
    played(lambda rig: told.append(rig.setup.parameters), tmp_path / "run", parameters=(with_one,))
    assert told == [{"size": 3}]


def test_on_a_strangers_server_only_what_leaves_it_alone_is_played() -> None:
    controlling = {scenario.name for scenario in scenarios() if scenario.owns_server}
    assert {"redis_restart", "redis_killed", "slow_server", "mixed"} <= controlling
    assert not {"kill_during_claim", "lost_replies", "partition"} & controlling


@pytest.mark.parametrize("name", ["redis_killed", "connections_killed"])
def test_nothing_is_done_to_a_server_that_is_not_ours(name: str, url: str) -> None:
    done = run(f"chaos.{name}", "--redis", url)

    assert done.returncode == 2
    assert "was not started by the rig" in done.stderr
    assert "Traceback" not in done.stderr
