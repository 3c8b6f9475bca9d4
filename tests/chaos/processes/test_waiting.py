"""Runs side by side: so many at a time, and beside them those that do not count."""

from __future__ import annotations

from collections.abc import Callable

from chaos.processes import side_by_side


class Shift:
    """Runs that end when they are told to, and how many there were at a time."""

    def __init__(self) -> None:
        self.running: set[str] = set()
        self.most = 0

    def start(self, name: str) -> Callable[[], str]:
        def begin() -> str:
            self.running.add(name)
            self.most = max(self.most, len(self.running))
            return name

        return begin

    def over(self, name: str) -> bool:
        """Each ends at the first look, but those that wait for all others."""
        if name.startswith("waits") and any(not each.startswith("waits") for each in self.running):
            return False
        self.running.discard(name)
        return True


def test_so_many_at_a_time() -> None:
    shift = Shift()
    names = ["one", "two", "three"]
    assert [*side_by_side(map(shift.start, names), 2, shift.over)] == names
    assert shift.most == 2


def test_some_take_several_places() -> None:
    shift = Shift()
    names = ["large", "one", "two"]
    done = side_by_side(
        map(shift.start, names), 2, shift.over, lambda name: 2 if name == "large" else 1
    )
    assert [*done] == names
    assert shift.most == 2


def test_some_take_none() -> None:
    shift = Shift()
    names = ["waits", "one", "waits too", "two"]
    starts = map(shift.start, names)
    done = side_by_side(starts, 1, shift.over, lambda name: 0 if name.startswith("waits") else 1)
    assert {*done} == {*names}
    assert shift.most == 3
