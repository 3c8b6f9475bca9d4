"""A finding is read from a run, or there is none, in one sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from chaos.compare.findings import finding_in
from chaos.repro.crash_point import broken
from chaos.repro.finding import NoFinding
from chaos.sweep.cells import BadCell
from tests.chaos.questions.test_answers import Told
from tests.chaos.repro.told import cell, question, sweep

LOST = Told().run(1, 1).fault(2).left(1, 2, None, 9).until(27)


@pytest.mark.parametrize(
    ("name", "told", "fate", "guarantee"),
    [
        ("killed", LOST, "undone", "no-loss"),
        (
            "killed",
            Told().run(1, 1).fault(2).end("dead", left="q:failed").until(62),
            "undone",
            None,
        ),
        (
            "killed",
            Told().run(1, 1).fault(2).run(2, 4, 5).run(3, 6, 7).until(9),
            "twice",
            "one-commit",
        ),
        ("stopped", Told().run(1, 1, 9).fault(2).run(2, 5, 8).until(12), "twice", "one-commit"),
        ("outlasts", Told().run(1, 1, 30).run(2, 11, 40).until(50), "overlap", "lease"),
        ("outlasts", Told().run(1, 1, 6, "error").until(50), "undone", "no-loss"),
        ("deadly", Told().run(1, 1).run(2, 2).run(1, 3).run(1, 4, 5).until(9), "endless", None),
        (
            "leaving",
            Told().run(1, 1, 4).fault(2, "term").run(2, 5, 8).until(9),
            "twice",
            "one-commit",
        ),
        ("server_restarts", Told().run(1, 1, 5).fault(2).left(2, 3, 1).until(9), "left", "alive"),
        ("server_full", Told().run(1, 1, 5).fault(2).idle(2).home(1, 2), "still", "alive"),
        ("server_full", Told().run(1, 1).fault(2).run(2, 4, 6).home(1, 2), "again", None),
    ],
)
def test_what_became_of_the_job(
    tmp_path: Path, name: str, told: Told, fate: str, guarantee: str | None
) -> None:
    finding = finding_in(question(tmp_path / "run", name, told))
    assert (finding.case.fate, finding.guarantee) == (fate, guarantee)


def test_a_finding_says_what_was_done_and_how_long_was_waited(tmp_path: Path) -> None:
    finding = finding_in(question(tmp_path / "run", "killed", LOST))
    assert finding.did == "a worker is killed while it runs a job"
    assert finding.more == "All processes of the worker get SIGKILL; another worker is there."
    assert finding.happened == "lost: not again within 25 s"
    assert finding.case.wait_s == 25
    assert finding.promised
    assert finding.script == "naive_queue_killed.py"
    assert [line.split(" s  ")[1] for line in finding.story] == [
        "worker-1 starts job-00001",
        "kill of x",
        "worker-1 has left (signal 9)",
    ]


def test_a_job_outlasts_what_went_wrong(tmp_path: Path) -> None:
    told = Told().run(1, 1, 30).run(2, 11, 40).until(50)
    finding = finding_in(question(tmp_path / "run", "outlasts", told))
    assert finding.case.plan == {"do": "ok", "ms": 25_000}


CLAIM = "succeeds/kill/claim.1/before-reply"


def test_a_crash_point(tmp_path: Path) -> None:
    finding = finding_in(sweep(tmp_path / "run", cell(CLAIM, "lost"), cell(CLAIM[:-5] + "send")))
    assert finding.did == (
        "a worker is killed after its first `BLPOP naive:default` has run on the server, and"
        " before the reply arrives"
    )
    case = finding.case
    assert (case.fate, case.how, case.at, case.side) == (
        "undone",
        "kill",
        "claim.1",
        "before-reply",
    )
    assert finding.command == (
        "python -m chaos.sweep --target examples.two_programs.target:TARGET"
        f" --cell {CLAIM} --seed 7"
    )


@pytest.mark.parametrize(
    ("place", "did"),
    [
        ("HANDLER-START.1/before-send", "before its handler starts"),
        ("HANDLER-END.2/before-reply", "after its handler has ended (run 2)"),
        ("SET.3/before-send", "before its `SET` number 3 reaches the server"),
    ],
)
def test_a_crash_point_in_words(tmp_path: Path, place: str, did: str) -> None:
    finding = finding_in(sweep(tmp_path / "run", cell(f"succeeds/kill/{place}", "lost")))
    assert finding.did == f"a worker is killed {did}"


def test_of_many_crash_points_the_one_that_tells_most_is_shown(tmp_path: Path) -> None:
    places = ("MULTI.2/before-send", "HANDLER-END.1/before-send", "claim.1/before-reply")
    cells = [cell(f"succeeds/kill/{place}", "lost") for place in places]
    for count, shown in ((3, 2), (2, 1), (1, 0)):
        sweep(tmp_path / f"{count}", *cells[:count])
        assert broken(tmp_path / f"{count}") == [f"succeeds/kill/{places[shown]}"]


def test_what_is_not_promised_is_found_too(tmp_path: Path) -> None:
    finding = finding_in(
        sweep(tmp_path / "run", cell(CLAIM, "lost", promised=False), target="huey")
    )
    assert (finding.case.fate, finding.promised) == ("undone", False)


@pytest.mark.parametrize(
    ("cells", "wanted", "says"),
    [
        ([cell(CLAIM, "lost"), cell("drained" + CLAIM[8:], "lost")], None, "several; name one"),
        ([cell(CLAIM)], None, "no crash point at which the job is lost or done twice"),
        ([cell(CLAIM)], CLAIM, "no script could show this again: no promise was broken"),
        ([cell(CLAIM, "late-start")], CLAIM, "no script could show this again: late-start"),
        ([cell(CLAIM, "lost")], "succeeds/kill/claim.2/before-reply", "has not visited"),
        ([cell("succeeds/error/SET.1/before-send", "lost")], None, "can only do one of kill"),
        ([cell("unique/kill/SET.1/before-send", "lost")], None, "no script for this life yet"),
    ],
)
def test_cells_without_a_script(
    tmp_path: Path, cells: list[dict[str, object]], wanted: str | None, says: str
) -> None:
    with pytest.raises(NoFinding, match=says):
        finding_in(sweep(tmp_path / "run", *cells), wanted)


def test_what_is_no_finding(tmp_path: Path) -> None:
    with pytest.raises(NoFinding, match="neither the answer of a question nor"):
        finding_in(tmp_path)
    good = question(tmp_path / "good", "killed", Told().run(1, 1).fault(2).run(2, 5, 6).until(9))
    with pytest.raises(NoFinding, match="nothing to show again: again after 3"):
        finding_in(good)
    with pytest.raises(NoFinding, match="no directory of a sweep, so it has no cell"):
        finding_in(good, CLAIM)
    with pytest.raises(BadCell, match="names no cell"):
        finding_in(sweep(tmp_path / "swept", cell(CLAIM, "lost")), "some/cell")
    (good / "answer.json").write_text("[]")
    with pytest.raises(NoFinding, match="files that the rig did not write"):
        finding_in(good)


def test_a_target_with_another_release_is_asked_again(tmp_path: Path) -> None:
    pinned = "rq==3.0.0, redis==8.1.0"
    assert finding_in(question(tmp_path / "now", "killed", LOST, "rq", pinned)).promised
    with pytest.raises(NoFinding, match="found with rq==2, and the target has rq==3"):
        finding_in(question(tmp_path / "then", "killed", LOST, "rq", "rq==2"))
