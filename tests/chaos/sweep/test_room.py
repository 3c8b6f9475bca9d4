"""There is always room for some cells, and for more of them while the processors are not busy."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace

import pytest

from chaos.processes import wait_until
from chaos.sweep import room, slots
from chaos.sweep.room import Processors, Room

LIMIT_S = 20.0


class Cells:
    """Cells that stay until they are told to leave."""

    def __init__(self, place: Room) -> None:
        self._place = place
        self._leave = threading.Semaphore(0)
        self._threads: list[threading.Thread] = []
        self.inside = 0

    def come(self, number: int) -> None:
        for _ in range(number):
            self._threads.append(threading.Thread(target=self._stay))
            self._threads[-1].start()

    def leave(self, number: int) -> None:
        self._leave.release(number)

    def end(self) -> None:
        self.leave(len(self._threads))
        for thread in self._threads:
            thread.join()

    def _stay(self) -> None:
        with self._place.taken():
            self.inside += 1
            self._leave.acquire()


@contextmanager
def cells(place: Room) -> Iterator[Cells]:
    made = Cells(place)
    try:
        yield made
    finally:
        made.end()


def test_beside_busy_processors_a_cell_more_waits_until_another_leaves() -> None:
    looks = 0

    def idle() -> bool:
        nonlocal looks
        looks += 1
        return False

    with cells(Room(2, idle)) as at_once:
        at_once.come(3)
        wait_until(lambda: looks > 2 and at_once.inside == 2, LIMIT_S)
        assert at_once.inside == 2
        at_once.leave(1)
        wait_until(lambda: at_once.inside == 3, LIMIT_S)


def test_beside_idle_processors_there_is_room_for_more() -> None:
    with cells(Room(2, lambda: True)) as at_once:
        at_once.come(5)
        wait_until(lambda: at_once.inside == 5, LIMIT_S)


def test_a_cell_that_fails_leaves_its_room() -> None:
    place = Room(1, lambda: False)
    with pytest.raises(ZeroDivisionError), place.taken():
        raise ZeroDivisionError
    with cells(place) as at_once:
        at_once.come(1)
        wait_until(lambda: at_once.inside == 1, LIMIT_S)


@pytest.mark.parametrize(("share", "idle"), [(0.0, True), (0.8, True), (0.9, False), (1.0, False)])
def test_processors_that_work_all_the_time_have_none_to_spare(
    share: float, idle: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = SimpleNamespace(now=100.0)
    clock.monotonic = lambda: clock.now
    monkeypatch.setattr(room, "time", clock)
    monkeypatch.setattr(slots, "worked_s", lambda: share * slots.all_cpus() * clock.now)
    processors = Processors()
    assert not processors()  # it has just looked
    clock.now += room._SPAN_S + 0.01
    for _ in range(5):
        assert processors() is idle
        assert not processors()
        clock.now += room._LOOK_S + 0.01


def test_a_look_counts_what_processors_worked_within_a_span(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The system counts in ticks, of which there are few between two looks."""
    clock, worked = SimpleNamespace(now=100.0), 0.0
    clock.monotonic = lambda: clock.now
    monkeypatch.setattr(room, "time", clock)
    monkeypatch.setattr(slots, "worked_s", lambda: worked)
    processors, said = Processors(), []
    for tick in range(40):
        clock.now += room._LOOK_S + 0.001
        worked += slots.all_cpus() * room._LOOK_S * (2 if tick % 2 else 0)  # in fact, all the time
        said.append(processors())
    assert not any(said[10:])
    for _ in range(10):
        clock.now += room._LOOK_S + 0.001
        said.append(processors())
    assert all(said[-5:])
