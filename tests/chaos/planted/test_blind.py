"""The default programme on planted bugs: it stops when a bug is caught, and goes on where it was
stopped."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from chaos.checks import Outcome
from chaos.cli import blind, planted
from chaos.cli.catalogue import scenarios
from chaos.planted import trials
from chaos.planted.blind import playing, report, subject
from chaos.planted.blind.programme import STORMS, Part, ordered, programme
from chaos.planted.blind.subject import Played, Subject
from chaos.planted.bugs import BUGS

BUG = "pop_without_lock"  # its anomaly is lost
OTHER = "due_times_ignored"  # its anomaly is early-start
TINY = "tests.chaos.planted.tiny"

PASSES = Part(name="passes", words=(TINY,))
LOSES = Part(name="loses", words=(TINY, "--find", "lost", "--when", BUG))
STICKS = Part(name="sticks", words=(TINY, "--find", "stuck"))
HANGS = Part(name="hangs", words=(TINY, "--hang"), limit_s=0.5)


def played_on(
    into: Path, *subjects: Subject, seed: int = 1, at_once: int = 1, busy: int = 0
) -> list[str]:
    said: list[str] = []

    def done(about: Subject, played: Played) -> None:
        said.append(f"{about.name} {played.part}")

    playing.play(subjects, seed, at_once, into, done, busy=busy)
    return said


def bug(*parts: Part, name: str = BUG, stops: bool = True) -> Subject:
    return subject.bug(name, list(parts), stops=stops)


def test_a_bug_is_left_as_soon_as_it_is_caught(tmp_path: Path) -> None:
    caught = bug(PASSES, LOSES, STICKS)

    said = played_on(tmp_path, caught)

    assert said == [f"{BUG} passes", f"{BUG} loses"]
    assert (caught.word, caught.others) == ("caught", [])
    assert report.line(caught) == f"{BUG}: lost in loses"


def test_the_whole_programme_is_played_on_demand(tmp_path: Path) -> None:
    whole = bug(LOSES, STICKS, PASSES, stops=False)

    played_on(tmp_path, whole)

    assert [one.part for one in whole.played] == ["loses", "sticks", "passes"]
    assert (whole.word, whole.others) == ("caught", ["stuck"])


def test_another_anomaly_is_told_and_does_not_count(tmp_path: Path) -> None:
    missed, other = bug(PASSES), bug(PASSES, STICKS, name=OTHER)

    played_on(tmp_path, missed, other)

    assert (missed.word, other.word) == ("missed", "by another anomaly only")
    assert report.line(missed) == f"{BUG}: lost missed; nothing found"
    assert report.line(other) == f"{OTHER}: early-start missed; stuck in sticks"
    assert report.share([missed, other]) == ("1 of 2 caught (50%), 0 by the anomaly named (0%)")
    assert report.outcome([missed, other]) is Outcome.FAIL


def test_what_was_played_is_not_played_again(tmp_path: Path) -> None:
    assert played_on(tmp_path, bug(PASSES)) == [f"{BUG} passes"]
    again = bug(PASSES, LOSES)
    assert played_on(tmp_path, again) == [f"{BUG} loses"]
    assert [one.part for one in again.played] == ["passes", "loses"]

    assert played_on(tmp_path, bug(PASSES, LOSES)) == [f"{BUG} loses"]  # told again, not played
    logs = sorted(path.name for path in (tmp_path / BUG).glob("*.log"))
    assert logs == ["loses.log", "passes.log"]


def test_another_seed_or_another_edit_is_played_again(tmp_path: Path) -> None:
    played_on(tmp_path, bug(PASSES))
    path = tmp_path / BUG / "passes.json"
    known = json.loads(path.read_text())

    assert played_on(tmp_path, bug(PASSES), seed=2) == [f"{BUG} passes"]
    path.write_text(json.dumps({**known, "variant": "another"}))
    assert played_on(tmp_path, bug(PASSES)) == [f"{BUG} passes"]
    path.write_text("[")
    assert played_on(tmp_path, bug(PASSES)) == [f"{BUG} passes"]


def test_what_a_stopped_part_has_left_is_in_nobodys_way(tmp_path: Path) -> None:
    (tmp_path / BUG / "passes").mkdir(parents=True)
    again = bug(PASSES)

    played_on(tmp_path, again)

    assert [one.outcome for one in again.played] == [Outcome.PASS]


def test_the_evidence_of_parts_that_passed_is_removed(tmp_path: Path) -> None:
    played_on(tmp_path, bug(PASSES, LOSES))

    assert not (tmp_path / BUG / "passes").exists()
    assert (tmp_path / BUG / "loses" / "verdict.json").exists()


def test_a_part_that_hangs_is_unknown(tmp_path: Path) -> None:
    hung = bug(HANGS)

    played_on(tmp_path, hung)

    assert [one.outcome for one in hung.played] == [Outcome.UNKNOWN]
    assert hung.word == "missed"
    assert hung.played[0].why == "played with seed 1"


def test_a_part_under_way_is_dropped_when_the_bug_is_caught(tmp_path: Path) -> None:
    long = Part(name="long", words=(TINY, "--hang"))
    caught = bug(long, LOSES)

    assert played_on(tmp_path, caught, at_once=2) == [f"{BUG} loses"]
    assert (caught.word, caught.running) == ("caught", 0)


def test_each_bug_has_one_part_under_way_while_there_are_others(tmp_path: Path) -> None:
    caught = tmp_path / BUG / "loses.json"
    later = Part(name="later", words=(TINY, "--after", str(caught)))
    first, second = bug(LOSES, PASSES), bug(later, name=OTHER)

    said = played_on(tmp_path, first, second, at_once=2)

    assert said == [f"{BUG} loses", f"{OTHER} later"]
    assert not (tmp_path / BUG / "passes.log").exists()


def test_the_sound_reference_must_pass_in_every_part(tmp_path: Path) -> None:
    green, red = subject.reference([PASSES, LOSES]), subject.reference([PASSES, STICKS])

    played_on(tmp_path / "green", green, busy=1)
    played_on(tmp_path / "red", red)

    assert report.outcome([green]) is Outcome.PASS
    assert report.share([green]) == "2 of 2 parts passed"
    assert report.outcome([red]) is Outcome.FAIL
    (finding,) = report.report_on([red], "control", 1).findings
    assert finding.text == "sticks did not pass: stuck"
    assert finding.command == f"python -m {TINY} --find stuck --target rrq_ref --seed 1"


@pytest.mark.parametrize(("caught", "outcome"), [(9, Outcome.PASS), (8, Outcome.FAIL)])
def test_nine_of_ten_are_enough(caught: int, outcome: Outcome) -> None:
    subjects = [bug() for _ in range(10)]
    for each in subjects[:caught]:
        each.played.append(_played("loses", "lost"))
    subjects[-1].played.append(_played("sticks", "stuck"))

    assert report.outcome(subjects) is outcome


def _played(part: str, *found: str) -> Played:
    return Played(
        part=part, command="c", variant="v", seconds=1.0, outcome=Outcome.FAIL, found=found, why=""
    )


def test_the_programme_is_what_users_play() -> None:
    names = [each.name for each in scenarios()]
    parts = programme(names, STORMS)

    assert {part.name for part in parts} == {
        *(set(names) - {"mixed"}),
        *(f"storm-{number}" for number in range(1, 7)),
        "load",
        "sweep",
    }
    assert not any("planted" in word for part in parts for word in part.words)
    commands = {part.name: part.command("rrq_ref", 10) for part in parts}
    assert commands["storm-2"] == "python -m chaos.mixed --target rrq_ref --seed 12"
    once = "python -m chaos.failover --acknowledge replicated --target rrq_ref --seed 10"
    assert commands["failover"] == once  # by itself it plays a control too, which fails
    assert commands["sweep"] == "python -m chaos.sweep --fault kill --target rrq_ref --seed 10"
    assert re.fullmatch(
        r"python -m locust -f \S+/users.py --headless -u 20 -r 10 -t 15s --chaos kill"
        " --target rrq_ref --seed 10",
        commands["load"],
    )


def test_the_order_is_drawn_and_the_long_parts_come_last() -> None:
    parts = programme(["a", "power_loss", "b", "c"], 6)

    orders = [[part.name for part in ordered(parts, BUG, seed)] for seed in (1, 1, 2)]

    assert orders[0] == orders[1] != orders[2]
    assert all(set(order[-2:]) == {"power_loss", "sweep"} for order in orders)
    assert sorted(orders[0]) == sorted(orders[2]) == sorted(part.name for part in parts)


def test_what_is_likely_to_find_the_bug_comes_first() -> None:
    parts = programme(["a", "power_loss", "b", "c"], 6)

    order = [part.name for part in ordered(parts, BUG, 1, ["power_loss", "not here", "b"])]

    assert order[:2] == ["power_loss", "b"]
    assert order[-1] == "sweep"
    assert sorted(order) == sorted(part.name for part in parts)


def test_the_scenario_of_a_bug_is_asked_first_then_those_about_its_guarantee() -> None:
    asked = blind.Blind(whole=False, storms=None, busy=0).subjects([BUG], control=False)

    (subject,) = asked(1)

    names = [part.name for part in subject.parts]
    assert names[0] == BUGS[BUG].scenario
    about = {each.name for each in scenarios() if "no-loss" in each.guarantees} & set(names)
    assert set(names[: len(about)]) == about


def test_the_sweep_is_asked_first_for_what_only_it_knows() -> None:
    bug = next(name for name, bug in BUGS.items() if bug.anomaly == "wrong-end")

    (subject,) = blind.Blind(whole=False, storms=None, busy=0).subjects([bug], control=False)(1)

    names = [part.name for part in subject.parts]
    assert "sweep" in names[:2]  # its own scenario may stand before


def test_the_command_remembers_its_seed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(blind, "parts_here", lambda _: [LOSES, PASSES])
    words = ["--blind", BUG, "--out", str(tmp_path / "runs")]

    first = CliRunner().invoke(planted.command, [*words, "--seed", "5"])
    again = CliRunner().invoke(planted.command, [*words, "--json", str(tmp_path / "r.json")])

    assert first.exit_code == again.exit_code == 0, first.output
    assert f"{BUG}: lost in loses" in first.output
    assert "1 of 1 caught (100%), 1 by the anomaly named (100%); seed 5" in again.output
    (data,) = json.loads((tmp_path / "r.json").read_text())
    assert (data["name"], data["word"], data["caught"]) == (BUG, "caught", ["loses"])


def test_the_control_names_what_did_not_pass(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked = []

    def parts(storms: int) -> list[Part]:
        asked.append(storms)
        return [STICKS, PASSES]

    monkeypatch.setattr(blind, "parts_here", parts)

    done = CliRunner().invoke(planted.command, ["--blind", "--control", "--out", str(tmp_path)])

    assert done.exit_code == 1
    assert "sticks did not pass: stuck" in done.output
    assert asked == [50]


@pytest.mark.parametrize(
    "words",
    [
        ["--blind", "--runs", "2"],
        ["--blind", "--ablations"],
        ["--blind", "--control", BUG],
        ["--busy", "2"],
        ["--storms", "2"],
        ["--whole"],
        ["nope"],
    ],
)
def test_wrong_usage_is_refused(words: list[str]) -> None:
    assert CliRunner().invoke(planted.command, words).exit_code == 2


def test_a_bug_without_a_scenario_is_for_the_default_programme(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(BUGS, BUG, dataclasses.replace(BUGS[BUG], scenario=None))

    done = CliRunner().invoke(planted.command, [BUG])

    assert done.exit_code == 2
    assert f"{BUG} has no scenario of its own: give --blind" in done.output
    assert all(trial.name != BUG for trial in trials.bugs([]))
