"""Looks and samples that are taken while a run goes on."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from typing import Any

from chaos.history.events import Event, Inconsistent, Look
from chaos.rig.samples import Samples, StateSampler, usage
from chaos.targets import Finding, Sight

FOUND = Finding(rule="place", seen="queued and locked", job="j1")


class Store:
    """An inspector that sees these, one after the other, and then the last one again."""

    def __init__(self, *sights: Sight | Exception) -> None:
        self._sights: Iterator[Sight | Exception] = iter(sights)
        self._last = sights[-1]
        self.looked = threading.Event()

    def look(self) -> Sight:
        self.looked.set()
        sight = next(self._sights, self._last)
        if isinstance(sight, Exception):
            raise sight
        return sight


def written(store: Store) -> list[Event]:
    told: list[Event] = []
    sampler = StateSampler(store, lambda event, **_: told.append(event))
    sampler.finish()
    return told


def test_what_is_found_again_is_told_once() -> None:
    again = [
        Sight(looked_at={"place": 2}, findings=[FOUND], whole=whole) for whole in (False, True)
    ]
    assert written(Store(*again)) == [
        Inconsistent(rule="place", found="queued and locked", job="j1", timed=False),
        Look(rule="place", objects=4),
    ]


def test_a_look_without_an_answer_is_missed() -> None:
    seen = Sight(looked_at={"place": 1}, findings=[])
    assert written(Store(ConnectionError("away"), seen)) == [Look(rule="place", objects=1)]


def test_nobody_looks_while_the_rig_has_silenced_the_server() -> None:
    store = Store(Sight(looked_at={}, findings=[]))
    silent = threading.Event()
    silent.set()
    asked = threading.Event()

    def blind() -> bool:
        if store.looked.is_set():
            return True
        if silent.is_set():
            asked.set()
        return silent.is_set()

    inspector: Any = store
    with Samples(inspector, lambda *_, **__: None, blind=blind):
        assert asked.wait(10)
        assert not store.looked.is_set()
        silent.clear()
        assert store.looked.wait(10)


def test_a_process_is_seen_with_what_it_uses() -> None:
    before = usage(os.getpid())
    assert before is not None
    with socket.socket():
        during = usage(os.getpid())
    assert during is not None
    assert during["sockets"] == before["sockets"] + 1
    assert during["descriptors"] == before["descriptors"] + 1
    assert during["threads"] >= 1
    assert during["memory_kb"] > 1_000


def test_a_process_that_is_gone_uses_nothing() -> None:
    pid = os.spawnlp(os.P_NOWAIT, "true", "true")
    os.waitpid(pid, 0)
    assert usage(pid) is None
