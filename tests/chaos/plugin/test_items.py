"""The verdict on a run as test items: what each of them comes to, and how they are asked for."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest

from rrq_chaos_pytest.runs import GUARANTEES
from tests.chaos.plugin.conftest import Project
from tests.chaos.report.verdicts import COMMAND, check

pytest_plugins = ["pytester"]

ITEMS = """
import pytest

@pytest.mark.chaos("kill_during_claim", jobs=20)
def test_my_queue(chaos_guarantee):
    chaos_guarantee.check()
"""
TARGET = ("--chaos-target", "mine:TARGET")
NOT_PROMISED = len(GUARANTEES) - 1


def test_a_kept_guarantee_passes_and_one_that_is_not_promised_is_skipped(project: Project) -> None:
    project.answers(check("lost"), check("phantom", promised=False, why=["it ran"]))
    project.write("test_it.py", ITEMS)

    done = project.pytest(*TARGET, "-v")

    done.assert_outcomes(passed=1, skipped=NOT_PROMISED)
    done.stdout.fnmatch_lines(["*test_my_queue?kill_during_claim-no-loss? PASSED*"])
    done.stdout.fnmatch_lines([f"SKIPPED ?{NOT_PROMISED}? *: not promised"])
    (words,) = project.played
    assert words.startswith("kill_during_claim --target mine:TARGET --jobs 20 --out ")


def test_a_broken_one_fails_with_its_cases_and_the_way_back(project: Project) -> None:
    lost = [f"job job-{n} is missing at the end" for n in range(7)]
    project.answers(check("lost", why=lost), check("phantom"))
    project.write("test_it.py", ITEMS)

    done = project.pytest(*TARGET)

    done.assert_outcomes(passed=1, failed=1, skipped=NOT_PROMISED - 1)
    done.stdout.fnmatch_lines(
        [
            "no-loss is BROKEN in 7 of 60 cases: every acknowledged job ends *",
            "  - lost: job job-0 is missing at the end",
            "  - lost: job job-4 is missing at the end",
            "    and 2 more",
            "repeat with",
            f"  {COMMAND}",
            "run directory: /*/chaos/kill_during_claim-*",
        ]
    )
    assert "Traceback" not in done.stdout.str()
    assert "job-5" not in done.stdout.str()
    done.stdout.fnmatch_lines(["FAILED *no-loss? - *no-loss is BROKEN in 7 of 60 cases*"])


def test_unknown_is_an_error_wherever_something_is_promised(project: Project) -> None:
    checks = (check("lost"), check("phantom", examined=0), check("leak", promised=False))
    project.answers(*checks, unknown=("a fault did not land", "the history has a gap"))
    project.write("test_it.py", ITEMS)

    done = project.pytest(*TARGET)

    done.assert_outcomes(errors=2, skipped=NOT_PROMISED - 1)
    done.stdout.fnmatch_lines(
        [
            "kill_during_claim is UNKNOWN: a fault did not land",
            "  - the history has a gap",
            "repeat with",
        ]
    )


def test_a_check_that_failed_itself_is_an_error(project: Project) -> None:
    project.answers(check("lost", error="no such column"), check("phantom", why=["it ran"]))
    project.write("test_it.py", ITEMS)

    done = project.pytest(*TARGET)

    done.assert_outcomes(errors=1, failed=1, skipped=NOT_PROMISED - 1)
    done.stdout.fnmatch_lines(["no-loss could not be checked: no such column"])


def test_what_says_nothing_is_skipped_with_the_reason(project: Project) -> None:
    project.answers(check("lost", examined=0), check("zombie-write", lacks="there are no tokens"))
    project.write("test_it.py", ITEMS)

    done = project.pytest(*TARGET)

    done.assert_outcomes(skipped=len(GUARANTEES))
    done.stdout.fnmatch_lines(["SKIPPED *: not exercised: the run had no case of it"])
    done.stdout.fnmatch_lines(["SKIPPED *: not known: there are no tokens"])


def test_a_guarantee_is_kept_if_some_of_its_checks_could_look(project: Project) -> None:
    project.answers(check("leak", examined=0), check("hammering"))
    project.write("test_it.py", ITEMS)

    project.pytest(*TARGET).assert_outcomes(passed=1, skipped=NOT_PROMISED)


@pytest.mark.parametrize("how", [(), ("-n", "2"), ("-n", "2", "--dist", "loadgroup")])
def test_a_run_is_played_once_in_a_session(how: tuple[str, ...], project: Project) -> None:
    project.answers(check("lost"))
    more = '@pytest.mark.chaos("sweep", life="succeeds")\n@pytest.mark.chaos("kill'
    project.write("test_it.py", ITEMS.replace('@pytest.mark.chaos("kill', more))
    project.write("test_too.py", ITEMS)

    done = project.pytest(*TARGET, "-p", "no:randomly", *how)

    done.assert_outcomes(passed=3, skipped=3 * NOT_PROMISED)
    names = sorted(words.partition(" --out")[0] for words in project.played)
    assert names == [
        "kill_during_claim --target mine:TARGET --jobs 20",
        "sweep --target mine:TARGET --life succeeds",
    ]


GROUPS = """
def pytest_collection_finish(session):
    groups = {mark.args for item in session.items for mark in item.iter_markers("xdist_group")}
    print("groups:", groups)
"""


@pytest.mark.parametrize(
    ("option", "groups"), [("-v", "{('chaos-kill_during_claim',)}"), ("-pno:xdist", "set()")]
)
def test_items_of_a_run_are_one_group_of_xdist(option: str, groups: str, project: Project) -> None:
    project.write("conftest.py", GROUPS)
    project.write("test_it.py", ITEMS)

    done = project.pytest(*TARGET, option, "--strict-markers", "--collect-only")

    done.stdout.fnmatch_lines([f"groups: {groups}"])


def test_junit_has_an_item_for_each_guarantee(project: Project) -> None:
    project.answers(check("lost", why=["job-1 is missing"]), check("phantom"))
    project.write("test_it.py", ITEMS)

    project.pytest(*TARGET, "--junitxml", "report.xml")

    cases = {
        case.get("name"): case
        for case in ElementTree.parse(project.path / "report.xml").iter("testcase")
    }
    assert set(cases) == {f"test_my_queue[kill_during_claim-{each}]" for each in GUARANTEES}
    lost = cases["test_my_queue[kill_during_claim-no-loss]"]
    failure = lost.find("failure")
    assert failure is not None
    assert "job-1 is missing" in (failure.text or "")
    told = {each.get("name"): each.get("value") for each in lost.iter("property")}
    assert told["chaos_command"] == COMMAND
    assert Path(str(told["chaos_directory"])).name.startswith("kill_during_claim-")


def test_items_are_chosen_as_any_others(project: Project) -> None:
    project.answers(check("lost"))
    project.write("test_it.py", f"{ITEMS}\ndef test_plain(): pass\n")

    project.pytest(*TARGET, "-m", "not chaos", "--strict-markers").assert_outcomes(
        passed=1, deselected=len(GUARANTEES)
    )
    assert not (project.path / "played.txt").exists()
    project.pytest(*TARGET, "-k", "no-loss").assert_outcomes(passed=1, deselected=len(GUARANTEES))


def test_settings_come_from_the_file_and_the_command_line_goes_before(project: Project) -> None:
    project.answers(check("lost"))
    project.write("test_it.py", ITEMS)
    settings = "chaos_target = theirs:TARGET\nchaos_seed = 3\nchaos_out = evidence/of/ci\n"
    project.write("pytest.ini", f"[pytest]\n{settings}")

    project.pytest("-k", "no-loss", "--strict-config").assert_outcomes(
        passed=1, deselected=NOT_PROMISED
    )
    out = ("--chaos-seed", "4", "--chaos-out", "elsewhere")
    project.pytest("-k", "no-loss", *TARGET, *out).assert_outcomes(
        passed=1, deselected=NOT_PROMISED
    )

    first, second = project.played
    assert first.startswith("kill_during_claim --target theirs:TARGET --seed 3 --jobs 20 --out ")
    assert f" {project.path}/evidence/of/ci/kill_during_claim-" in first
    assert second.startswith("kill_during_claim --target mine:TARGET --seed 4 --jobs 20 --out ")
    assert f" {project.path}/elsewhere/kill_during_claim-" in second
    assert len([*(project.path / "elsewhere").iterdir()]) == 1


def test_options_of_a_marker_go_before_all_others(project: Project) -> None:
    project.answers(check("lost"))
    project.write("test_it.py", ITEMS.replace("jobs=20", 'target="its:own", seed=5'))

    project.pytest("-k", "no-loss", *TARGET, "--chaos-seed", "4")

    assert project.played[0].startswith("kill_during_claim --target its:own --seed 5 --out ")


def test_a_test_may_play_and_look_for_itself(project: Project) -> None:
    project.answers(check("lost", why=["it is gone"]))
    project.write(
        "test_it.py",
        """
def test_by_hand(chaos_play):
    run = chaos_play("kill_during_claim", jobs=20)
    assert run.outcome == "fail"
    lost = run.guarantees["no-loss"]
    assert (lost.state, lost.cases, lost.broken) == ("broken", 60, 1)
    assert lost.evidence == ("lost: it is gone",)
    assert run.directory.is_dir()
    assert chaos_play("kill_during_claim", jobs=20).directory == run.directory
    assert chaos_play("kill_during_claim", jobs=21).directory != run.directory
""",
    )
    project.pytest(*TARGET).assert_outcomes(passed=1)
    assert len(project.played) == 2


@pytest.mark.parametrize(
    ("marker", "says"),
    [
        ("", "the marker chaos names no scenario; write @pytest.mark.chaos(*"),
        ("@pytest.mark.chaos()", "the marker chaos names no scenario; write *"),
        (
            "@pytest.mark.chaos('kill_during_clam')",
            "no scenario is named 'kill_during_clam'; did you mean 'kill_during_claim'?",
        ),
        ("@pytest.mark.chaos(7)", "no scenario is named 7; did you mean *"),
        ("@pytest.mark.chaos('errors')", "no scenario is named 'errors'; did you mean *"),
        (
            "@pytest.mark.chaos('sweep', out='here')",
            "the marker chaos takes no out; the plugin gives it to the rig itself",
        ),
    ],
)
def test_what_cannot_be_played_is_told_in_a_sentence(
    marker: str, says: str, project: Project
) -> None:
    project.answers(check("lost"))
    test = "def test_my_queue(chaos_guarantee): chaos_guarantee.check()"
    project.write("test_it.py", f"import pytest\n{marker}\n{test}\n")

    done = project.pytest(*TARGET)

    done.assert_outcomes(errors=1)
    done.stdout.fnmatch_lines([f"test_my_queue: {says}"])
    assert "Traceback" not in done.stdout.str()


@pytest.mark.parametrize("play", ["chaos_guarantee.check()", "chaos_play('sweep')"])
def test_a_run_needs_a_target_and_nothing_else_does(play: str, project: Project) -> None:
    project.answers(check("lost"))
    fixture = play.partition("(")[0].partition(".")[0]
    test = f"@pytest.mark.chaos('sweep')\ndef test_my_queue({fixture}): {play}"
    project.write("test_it.py", f"import pytest\n{test}\ndef test_plain(): pass\n")

    done = project.pytest("--maxfail", "1")

    done.stdout.fnmatch_lines(
        ["no target is given; set chaos_target, or --chaos-target, to module:ATTRIBUTE"]
    )
    assert project.pytest("-m", "not chaos").parseoutcomes()["passed"] == 1


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--chaos-target", "nowhere:TARGET"), "the target 'nowhere:TARGET' cannot be loaded: *"),
        ((*TARGET, "--chaos-seed", "soon"), "Invalid value for '--seed': 'soon' is not a *"),
    ],
)
def test_what_the_rig_does_not_take_is_told_in_its_words(
    options: tuple[str, ...], says: str, project: Project
) -> None:
    project.write("test_it.py", ITEMS)

    done = project.pytest("-k", "no-loss", *options)

    done.assert_outcomes(errors=1, deselected=NOT_PROMISED)
    done.stdout.fnmatch_lines([f"kill_during_claim has no verdict: {says}"])
