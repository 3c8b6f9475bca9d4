"""Processes start a few at a time."""

from __future__ import annotations

import threading

from chaos.sweep.starts import Starts


def test_a_start_waits_until_another_has_ended() -> None:
    starts = Starts(2)
    first, _ = starts.begin(), starts.begin()
    begun = threading.Event()

    def begin() -> None:
        starts.begin()
        begun.set()

    third = threading.Thread(target=begin)
    third.start()
    assert not begun.wait(0.05)
    first.end()
    first.end()  # once only, or a fourth would start
    assert begun.wait(5)
    third.join()
    assert not starts._room.acquire(timeout=0.05)
