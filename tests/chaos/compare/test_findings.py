"""The page of findings tells what is promised from what is not, and how each is seen again."""

from __future__ import annotations

from pathlib import Path

import pytest

import chaos.public.queues
from chaos.compare.findings import page
from chaos.compare.playing import Asked, Subject
from chaos.public.queues import Known
from chaos.questions.question import Answer, Tone
from chaos.targets import find_target
from tests.chaos.questions.test_answers import Told
from tests.chaos.repro.told import cell, question, sweep

LOST = Told().run(1, 1).fault(2).until(27)
CLAIM = "succeeds/kill/claim.1/before-reply"


def subject(target: str, part: str, tone: Tone = "bad") -> Subject:
    answer = Answer(words="as it was told", tone=tone)
    asked = Asked(part=part, command="", answer=answer, seconds=1)
    return Subject(target=target, asked={part: asked})


def made(into: Path, *subjects: Subject) -> str:
    return page(subjects, "python -m chaos.compare", into)


def test_a_promise_that_was_broken_and_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for target in ("rq", "huey"):
        question(tmp_path / target / "killed", "killed", LOST, target)
    known = (
        Known(parts="killed stopped", why="It pops.", url="https://example.org/1"),
        Known(parts="fails", url="no"),
    )
    find_target("rq")  # which is when it gives its own
    monkeypatch.setitem(chaos.public.queues._KNOWN, "rq", known)
    told = made(tmp_path, subject("huey", "killed"), subject("rq", "killed"))
    head, _, rest = told.partition("## Promised, and not kept\n")
    broken, _, meant = rest.partition("## Not promised\n")
    assert "Made on " in head
    assert "### rq 3.0.0: a worker is killed while it runs a job: lost" in broken
    assert "- Promised: “If the worker gets killed" in broken
    assert "(https://python-rq.org/docs/results/)" in broken
    assert "- Again with the rig: `python -m chaos.questions.killed --target rq --seed 7`" in broken
    assert "`rq_killed.py`, which `python -m chaos.repro COMPARED/rq/killed` writes" in broken
    assert "- Known: It pops. (https://example.org/1)" in broken
    assert "Known: no" not in broken
    assert "### huey 3.5.4: a worker is killed" in meant
    assert "- It says: “Huey does not guarantee at-least-once" in meant


def test_crash_points_are_one_finding_for_each_fate(tmp_path: Path) -> None:
    other = CLAIM.replace("claim.1", "SET.1")
    cells = [
        cell(CLAIM, "lost"),
        cell(other, "lost"),
        cell(CLAIM.replace("claim.1", "HSET.1"), "double-commit"),
    ]
    sweep(tmp_path / "rq" / "crash_points", *cells, target="rq")
    told = made(tmp_path, subject("rq", "crash_points"))
    assert told.count("### ") == told.count("- In all: as it was told.") == 2
    assert f"COMPARED/rq/crash_points {CLAIM}` writes" in told


def test_what_has_no_script_is_told_too_and_what_is_good_is_not(tmp_path: Path) -> None:
    told = made(tmp_path, subject("rq", "killed"), subject("huey", "killed", "good"))
    assert "## Without a script" in told
    assert "- rq, killed: as it was told (" in told
    assert "huey" not in told
    assert "Nothing was found." in made(tmp_path, subject("huey", "killed", "told"))
