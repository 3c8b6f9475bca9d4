"""The plan of a storm, and that the storm knows how to carry out every fault of it."""

from __future__ import annotations

from collections import Counter
from random import Random

from chaos.faults import FAULTS
from chaos.rig.storm import WEIGHTS, draw


def test_the_same_seed_plans_the_same_faults() -> None:
    assert draw(Random(7), 20.0) == draw(Random(7), 20.0)
    assert draw(Random(7), 20.0) != draw(Random(8), 20.0)


def test_a_long_storm_has_faults_of_every_kind_in_their_order() -> None:
    plan = draw(Random(1), 300.0)

    assert set(Counter(fault.kind for fault in plan)) == set(WEIGHTS)
    times = [fault.at_s for fault in plan]
    assert times == sorted(times)
    assert times[-1] < 300.0


def test_more_time_adds_faults_and_changes_none() -> None:
    short, long = draw(Random(3), 5.0), draw(Random(3), 10.0)
    assert long[: len(short)] == short


def test_a_seed_plans_what_it_has_always_planned() -> None:
    planned = [(fault.at_s, fault.kind, fault.worker) for fault in draw(Random(7), 3.0)]
    assert planned == [
        (0.111, "partition", 9),
        (1.57, "kill", 4),
        (1.707, "reset", 7),
        (1.992, "chop", 7),
        (2.124, "server-readonly", 17),
        (2.373, "pause", 87),
        (2.556, "chop", 70),
        (2.592, "reset", 54),
        (2.776, "delay", 23),
        (2.957, "error", 93),
    ]


def test_every_fault_of_a_storm_is_known() -> None:
    assert all(name in FAULTS for name in WEIGHTS)
