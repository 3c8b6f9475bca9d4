"""What the rig writes down about an enqueue, as the producer was answered."""

from __future__ import annotations

import itertools
import time
from collections.abc import Sequence

import pytest

from chaos.history import Event
from chaos.history.events import EnqueueInvoked, EnqueueOk
from chaos.rig.enqueue import enqueue
from chaos.targets import Job, WorkerSettings


class Answering:
    """A producer that is given these answers, whatever it enqueues."""

    def __init__(self, *answers: str) -> None:
        self._answers = list(answers)

    def enqueue(self, jobs: Sequence[Job]) -> list[str]:
        return self._answers

    def close(self) -> None:
        pass


def test_a_call_acknowledges_all_of_its_jobs_however_many_it_answers_for() -> None:
    events: list[Event] = []

    def write(event: Event, /, *, t: int | None = None, process: str | None = None) -> None:
        events.append(event)

    jobs = [Job(id=name, plan={"do": "ok"}) for name in ("a", "b", "c")]

    assert enqueue(Answering("a", "x"), jobs, WorkerSettings(), write) is None

    told = [(e.job, e.answer_job) for e in events if isinstance(e, EnqueueOk)]
    assert told == [("a", "a"), ("b", "x"), ("c", None)]


def test_a_due_time_is_right_though_the_process_had_to_wait_between_two_clocks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    events: list[Event] = []

    def write(event: Event, /, *, t: int | None = None, process: str | None = None) -> None:
        events.append(event)

    epoch = 1_000_000_000
    now = itertools.count(epoch)
    # Each look takes a nanosecond, but for a pause of 100 ms after the very first one.
    pauses = itertools.chain([0], itertools.repeat(100_000_000))
    monkeypatch.setattr(time, "monotonic_ns", lambda: next(now) + next(pauses))
    monkeypatch.setattr(time, "time_ns", lambda: next(now) + 100_000_000 - epoch)
    job = Job(id="a", plan={"do": "ok"}, defer_until=60.0)

    assert enqueue(Answering("a"), [job], WorkerSettings(), write) is None

    (due_t,) = [e.due_t for e in events if isinstance(e, EnqueueInvoked)]
    assert due_t == pytest.approx(epoch + 60_000_000_000, abs=10)
