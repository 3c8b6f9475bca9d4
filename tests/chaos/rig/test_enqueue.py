"""What the rig writes down about an enqueue, as the producer was answered."""

from __future__ import annotations

from collections.abc import Sequence

from chaos.history import Event
from chaos.history.events import EnqueueOk
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
