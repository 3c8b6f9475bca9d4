"""How soon a job ran again that a fault has cut short."""

from __future__ import annotations

from typing import Any

from chaos.sweep.again import Again, again_s

FAULT = {"type": "fault", "event": "landed", "fault": "c-victim-kill"}


def told(*events: tuple[float, dict[str, Any]]) -> list[float]:
    moments = [{"t": round(at_s * 1e9), **event} for at_s, event in reversed(events)]
    return again_s(moments, "c-victim-kill")


def start(job: str = "j1") -> dict[str, Any]:
    return {"type": "start", "job": job}


def test_it_is_the_time_from_the_fault_to_the_next_start() -> None:
    assert told((1, start()), (2, FAULT), (3.5, start()), (9, start())) == [1.5]


def test_a_job_that_was_taken_and_not_started_counts() -> None:
    claim = {"type": "transition", "op": "claim", "job": "j1"}
    assert told((1, claim), (2, FAULT), (5, start())) == [3]


def test_a_job_that_was_done_or_waited_does_not_run_again() -> None:
    done = {"type": "end", "job": "j1", "outcome": "ok"}
    assert told((1, start()), (1.5, done), (2, FAULT), (5, start()), (6, start("j2"))) == []


def test_another_fault_does_not_count() -> None:
    home = FAULT | {"fault": "home-c-victim"}
    assert told((1, start()), (1.2, home), (2, FAULT), (3, start())) == [1]
    assert told((1, start()), (1.2, home), (3, start())) == []


def test_each_job_has_its_time() -> None:
    events = (1, start("a")), (1, start("b")), (2, FAULT), (3, start("a")), (6, start("b"))
    assert told(*events) == [1, 4]


def test_median_and_worst() -> None:
    assert Again.of([1, 4, 2]) == Again(jobs=3, median_s=2, worst_s=4)
    assert Again.of([]) is None
