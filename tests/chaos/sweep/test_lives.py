"""The lives of the sweep are whole: their jobs, their ends, and what is done to them."""

from __future__ import annotations

from pathlib import Path

import pytest

from chaos.jobs import ECHO
from chaos.sweep.life import DEAD, Life
from chaos.sweep.lives import BY_NAME, LIVES


@pytest.mark.parametrize("life", LIVES, ids=lambda life: life.name)
def test_a_life_speaks_of_jobs_that_it_has(life: Life, tmp_path: Path) -> None:
    jobs = life.make("c00001", tmp_path)
    numbers = range(1, len(jobs) + 1)
    assert len(life.ends) in (1, len(jobs))
    spoken_of = {act.job for act in life.acts} | {*life.ordered, *life.again}
    assert spoken_of | {number for pair in life.in_order for number in pair} <= {*numbers}
    assert all(jobs[number - 1].unique is not None for number in life.again)
    assert all(job.id is None or job.id.startswith("c00001") for job in jobs)
    assert all(job.result == ECHO == job.plan["result"] for job in jobs)


def test_no_two_lives_have_one_name() -> None:
    assert len(BY_NAME) == len(LIVES)


def test_a_dead_job_leaves_no_effects_and_no_result(tmp_path: Path) -> None:
    (job,) = BY_NAME["poison"].make("c00001", tmp_path)
    assert job.effects == 1
    told = DEAD.of(job, "a job")
    assert (told.state, told.listed, told.effects, told.result) == ("dead", True, 0, None)
