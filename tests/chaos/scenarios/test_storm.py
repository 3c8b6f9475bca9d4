"""The plan of a storm, and that the storm knows how to carry out every stroke of it."""

from __future__ import annotations

from collections import Counter
from random import Random

from chaos.rig.storm import KINDS, draw


def test_the_same_seed_plans_the_same_faults() -> None:
    assert draw(Random(7), 20.0) == draw(Random(7), 20.0)
    assert draw(Random(7), 20.0) != draw(Random(8), 20.0)


def test_a_long_storm_has_faults_of_every_kind_in_their_order() -> None:
    plan = draw(Random(1), 300.0)

    assert set(Counter(stroke.kind for stroke in plan)) == set(KINDS)
    times = [stroke.at_s for stroke in plan]
    assert times == sorted(times)
    assert times[-1] < 300.0


def test_more_time_adds_faults_and_changes_none() -> None:
    short, long = draw(Random(3), 5.0), draw(Random(3), 10.0)
    assert long[: len(short)] == short
