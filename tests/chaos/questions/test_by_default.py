"""One question is put to a target as its queue is by itself."""

from __future__ import annotations

import json

import pytest

from chaos.questions import killed, killed_by_default
from chaos.questions.question import Question
from chaos.rig.options import Options
from chaos.rig.setup import Setup
from chaos.targets import find_target
from rrq_ref import Settings

PROGRAMS = "examples.two_programs.target:TARGET"


def setup(question: Question, target: str) -> Setup:
    return question.scenario.setup(Options(target=target))


def test_nothing_is_set() -> None:
    worker = setup(killed_by_default.QUESTION, "arq").target.worker
    assert json.loads(worker.env["TIMES"]) == {}


def test_the_reference_has_its_own_settings() -> None:
    settings = setup(killed_by_default.QUESTION, "rrq_ref").settings
    own = Settings()
    assert (settings.lock_ttl_ms, settings.poll_max_ms) == (own.lock_ttl_ms, own.poll_max_ms)


@pytest.mark.parametrize("target", ["arq", "rrq_ref"])
def test_it_is_waited_for_longer(target: str) -> None:
    by_default = setup(killed_by_default.QUESTION, target).recovery_s
    assert by_default > 2 * setup(killed.QUESTION, target).recovery_s


def test_one_that_knows_no_others_is_as_it_is() -> None:
    assert setup(killed_by_default.QUESTION, PROGRAMS).target is find_target(PROGRAMS)
