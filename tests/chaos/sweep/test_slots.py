"""How many cells are played at a time."""

from __future__ import annotations

from dataclasses import replace

from chaos.sweep import slots
from chaos.targets import find_target


def test_the_longer_a_cell_waits_the_more_of_them_keep_the_processors_busy() -> None:
    arq = find_target("arq")
    short, long = (replace(arq, again_within_s=seconds) for seconds in (1.0, 20.0))
    assert slots.enough(long, 0.5) == slots.cpus() * 41
    assert slots.enough(short, 0.5) < slots.enough(long, 0.5)
    assert slots.enough(long, 9.0) == slots.enough(short, 9.0) == 4 * slots.cpus()  # the least


def test_work_is_what_processors_do() -> None:
    before = slots.worked_s()
    while slots.worked_s() - before < 0.02:  # somebody works: at least this
        pass
