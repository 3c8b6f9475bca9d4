"""Waiting by looking again and again: for a condition, and for several runs at once."""

import select
import time
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

FIRST_NAP_S, LONGEST_NAP_S = 0.001, 0.02

T = TypeVar("T")


def wait_until(condition: Callable[[], bool], timeout_s: float) -> bool:
    """Wait until the condition holds, with growing naps. False if it did not in time."""
    deadline = time.monotonic() + timeout_s
    nap_s = FIRST_NAP_S
    while not condition():
        if time.monotonic() >= deadline:
            return False
        time.sleep(nap_s)
        nap_s = min(nap_s * 1.5, LONGEST_NAP_S)
    return True


def readable_within(fd: int, timeout_s: float) -> bool:
    """Wait until there is something to read from a descriptor, whatever its number, or its end."""
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    return bool(poll.poll(timeout_s * 1000))


def side_by_side(
    starts: Iterable[Callable[[], T]],
    at_once: int,
    over: Callable[[T], bool],
    takes: Callable[[T], int] = lambda _: 1,
) -> Iterator[T]:
    """Start runs in order, at most `at_once` of them at a time, and yield each when it is over.

    The next start is asked for only when there is room for it. A run may take several places, or
    none.
    """
    waiting, running = iter(starts), list[T]()
    while True:
        while sum(map(takes, running)) < at_once and (start := next(waiting, None)) is not None:
            running.append(start())
        if not running:
            return
        for one in [one for one in running if over(one)]:
            running.remove(one)
            yield one
        time.sleep(LONGEST_NAP_S)
