"""What each queue is asked, and in which order."""

from __future__ import annotations

from itertools import pairwise

import pytest

from chaos.compare.programme import in_turn, programme


@pytest.mark.parametrize("quick", [True, False])
def test_everything_is_played_and_sweeps_not_one_after_the_other(quick: bool) -> None:
    parts = programme(quick=quick)
    order = in_turn(parts)
    assert sorted(part.name for part in order) == sorted(part.name for part in parts)
    takes = [part.takes for part in order]
    assert takes == sorted(takes[: takes.count(0)]) + takes[takes.count(0) :]
    assert (2, 2) not in [*pairwise(takes)]


def test_what_only_waits_is_begun_first() -> None:
    assert in_turn(programme(quick=False))[0].name == "killed_by_default"
