"""Each question puts what happened in a run into the right words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Self

import pytest

from chaos.compare.programme import questions
from chaos.questions.facts import facts_of
from chaos.questions.question import Answer
from chaos.questions.stage import JOB

ASKED = questions()


class Told:
    """A history, told event by event. Times are seconds since the run began."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.add(0, type="rig", event="started")
        for worker in ("worker-1", "worker-2"):
            self.add(0, type="process", event="ready", name=worker)

    def add(self, at_s: float, **event: Any) -> Self:
        self.events.append({"t": round(at_s * 1e9), "process": "rig", "pid": 1, **event})
        return self

    def run(
        self,
        worker: int,
        start_s: float,
        end_s: float | None = None,
        outcome: str = "ok",
        job: str = JOB,
        pid: int = 7,
    ) -> Self:
        about = {"process": f"worker-{worker}", "pid": pid, "job": job}
        self.add(start_s, type="start", **about)
        if end_s is not None:
            self.add(end_s, type="end", outcome=outcome, **about)
        return self

    def fault(
        self, at_s: float, kind: str = "kill", phase: str = "running", target: str = "x"
    ) -> Self:
        return self.add(at_s, type="fault", event="landed", kind=kind, target=target, phase=phase)

    def enqueued(self, job: str, *phases: str) -> Self:
        for phase in phases:
            self.add(0.5, type="enqueue", phase=phase, job=job)
        return self

    def left(
        self, worker: int, at_s: float, code: int | None = 0, number: int | None = None
    ) -> Self:
        fate = {"name": f"worker-{worker}", "code": code, "signal": number}
        return self.add(at_s, type="process", event="exit", **fate)

    def home(self, *workers: int) -> Self:
        for worker in workers:
            about = {"kind": "term", "target": f"worker-{worker}", "phase": "end"}
            self.add(50, type="fault", event="landed", **about)
            self.left(worker, 51)
        return self

    def end(self, state: str, **more: Any) -> Self:
        return self.add(60, type="final", what="job", job=JOB, state=state, **more)

    def idle(self, worker: int) -> Self:
        return self.add(40, type="process", event="idle", name=f"worker-{worker}")

    def until(self, at_s: float) -> Self:
        return self.add(at_s, type="rig", event="finished")

    def answer(self, question: str, into: Path) -> Answer:
        history = into / "history"
        history.mkdir()
        lines = "".join(f"{json.dumps(event)}\n" for event in self.events)
        history.joinpath("rig.jsonl").write_text(lines)
        return ASKED[question].answer(facts_of(into))


def told(words: str, tone: str, again_s: float | None = None) -> Answer:
    return Answer(words=words, tone=tone, again_s=again_s)  # type: ignore[arg-type]


CASES: dict[str, tuple[str, Told, Answer]] = {
    "again": (
        "killed",
        Told().run(1, 1).fault(2).run(2, 5.5, 5.6).until(9),
        told("again after 3.5 s", "good", 3.5),
    ),
    "lost": (
        "killed",
        Told().run(1, 1).fault(2).until(62),
        told("lost: not again within 60 s", "bad"),
    ),
    "stranded": (
        "killed",
        Told().run(1, 1).fault(2).end("missing", left="q:running, q:job:*").until(62),
        told("stranded: not again within 60 s; left are q:running, q:job:*", "bad"),
    ),
    "given up": (
        "killed",
        Told().run(1, 1).fault(2).end("dead", left="q:failed").until(62),
        told("recorded as failed; not again within 60 s", "told"),
    ),
    "again, and not done": (
        "killed",
        Told().run(1, 1).fault(2).run(2, 14).until(70),
        told("again, and not done", "bad", 12),
    ),
    "again and again": (
        "killed",
        Told().run(1, 1).fault(2).run(2, 4, 5).run(3, 6, 7).until(9),
        told("again after 2.0 s, 2 times", "bad", 2),
    ),
    "no fault": ("killed", Told().run(1, 1, 2), told("the fault did not take place", "unknown")),
    "no run": ("killed", Told().fault(1), told("the job has not run at all", "unknown")),
    "the rig broke": (
        "killed",
        Told().add(1, type="rig", event="broken", error="nobody works"),
        told("nobody works", "unknown"),
    ),
    "one process": ("child_killed", Told().run(1, 1, 2), told("a worker is one process", "told")),
    "one process, and slow to leave": (
        "child_killed",
        Told().run(1, 1).home(1).fault(52, target="worker-1").run(2, 55, 56),
        told("a worker is one process", "told"),
    ),
    "its child": (
        "child_killed",
        Told().run(1, 1, pid=8).fault(2).run(1, 3, 4, pid=9),
        told("again after 1.0 s", "good", 1),
    ),
    "twice by itself": (
        "stopped",
        Told().run(1, 1, 20).fault(2).run(1, 21, 24).until(30),
        told("not taken over; ran twice to its end", "bad", 19),
    ),
    "both to the end": (
        "stopped",
        Told().run(1, 1, 20).fault(2).run(2, 12, 15).until(30),
        told("taken over after 10 s; ran twice to its end", "bad", 10),
    ),
    "the first one gives up": (
        "stopped",
        Told().run(1, 1, 20, "lost").fault(2).run(2, 12, 15).until(30),
        told("taken over after 10 s; the first run was stopped", "good", 10),
    ),
    "neither is done": (
        "stopped",
        Told().run(1, 1, 20, "cancelled").fault(2).run(2, 12, 15, "cancelled").until(30),
        told("taken over after 10 s; not done", "bad", 10),
    ),
    "nobody takes over": (
        "stopped",
        Told().run(1, 1, 20).fault(2).until(30),
        told("not taken over; done when it went on", "good"),
    ),
    "nobody takes over, nor goes on": (
        "stopped",
        Told().run(1, 1).fault(2).until(30),
        told("lost", "bad"),
    ),
    "long and never at its end": (
        "outlasts",
        Told().run(1, 1).until(40),
        told("it did not come to its end", "told"),
    ),
    "long": ("outlasts", Told().run(1, 1, 31).until(40), told("once, in 30 s", "good")),
    "long, twice": (
        "outlasts",
        Told().run(1, 1, 31).run(2, 6, 36).until(40),
        told("twice: started again after 5.0 s", "bad", 5),
    ),
    "long, stopped": (
        "outlasts",
        Told().run(1, 1, 6, "cancelled").run(2, 7, 12, "cancelled").until(40),
        told("stopped after 5.0 s", "told"),
    ),
    "deadly for ever": (
        "deadly",
        Told().run(1, 1).run(2, 2).run(3, 3).run(4, 9, 9.1),
        told("still started after 3 deaths", "bad"),
    ),
    "deadly, given up": (
        "deadly",
        Told().run(1, 1).run(2, 2).run(3, 3).until(60),
        told("given up after it ran 3 times", "good"),
    ),
    "deadly, once": (
        "deadly",
        Told().run(1, 1).until(60),
        told("never again after the first death", "told"),
    ),
    "fails": (
        "fails",
        Told().run(1, 1, 1.5, "error").run(1, 2, 2.1),
        told("again after 0.5 s", "good", 0.5),
    ),
    "fails for good": ("fails", Told().run(1, 1, 1.5, "error"), told("not tried again", "told")),
    "finished": (
        "leaving",
        Told().run(1, 1, 4).fault(2, "term").left(1, 5).until(9),
        told("finished", "good"),
    ),
    "finished and stays": (
        "leaving",
        Told().run(1, 1, 4).fault(2, "term").until(9),
        told("finished; the worker did not leave", "good"),
    ),
    "handed back": (
        "leaving",
        Told().run(1, 1, 2.1, "cancelled").fault(2, "term").left(1, 3).run(2, 2.5, 5.5).until(9),
        told("again after 0.5 s", "good", 0.5),
    ),
    "handed back, not done": (
        "leaving",
        Told().run(1, 1, 2.1, "cancelled").fault(2, "term").left(1, 3).run(2, 2.5).until(9),
        told("again after 0.5 s, not done", "bad"),
    ),
    "finished, and again": (
        "interrupted",
        Told().run(1, 1, 4).fault(2, "int").left(1, 5, None, 2).run(2, 7, 8).until(9),
        told("finished, and run again after 5.0 s; the worker ended by signal 2", "bad", 5),
    ),
    "lost with its worker": (
        "leaving",
        Told().run(1, 1, 2.1, "cancelled").fault(2, "term").left(1, 3).until(32),
        told("lost: not again within 30 s", "bad"),
    ),
    "the reply is lost, and both times it runs once": (
        "unanswered",
        Told()
        .enqueued(JOB, "info", "ok")
        .enqueued("job-00002", "info", "ok")
        .run(1, 1, 2)
        .run(1, 3, 4, job="job-00002"),
        told("once; the producer got an error", "good"),
    ),
    "the reply is lost, and a job that has run runs again": (
        "unanswered",
        Told()
        .enqueued(JOB, "fail", "ok")
        .run(1, 1, 2)
        .run(1, 3, 4, job="job-00002")
        .run(1, 5, 6, job="job-00002"),
        told("once if it still waits, twice if it has run; the producer got an error", "bad"),
    ),
    "the reply is lost, and so is the job": (
        "unanswered",
        Told().enqueued(JOB, "info", "info").until(60),
        told("not at all; the producer got an error both times", "bad"),
    ),
    "the reply is lost, and the client asks again": (
        "unanswered",
        Told().enqueued(JOB, "ok").run(1, 1, 2).run(2, 1, 2),
        told("twice; the client asked again by itself", "bad"),
    ),
    "the reply could not be lost": (
        "unanswered",
        Told().add(1, type="rig", event="broken", error="the reply could not be cut"),
        told("the reply could not be cut", "unknown"),
    ),
    "through a restart": (
        "server_restarts",
        Told().run(1, 1, 5).fault(2, "server-stop").home(1, 2),
        told("the workers go on", "good"),
    ),
    "one falls": (
        "server_restarts",
        Told().run(1, 1, 5).fault(2, "server-stop").left(2, 3, 1).home(1),
        told("1 of 2 workers left (exit code 1)", "told"),
    ),
    "one stands still": (
        "server_full",
        Told().run(1, 1, 5).fault(2, "server-fill").idle(2).home(1, 2),
        told("1 of 2 workers stand still", "bad"),
    ),
    "a job is lost, one done twice, one started again": (
        "server_read_only",
        Told()
        .run(1, 1, job="a")
        .run(1, 1, 5, job="b")
        .run(2, 1, 4, "lost", job="c")
        .fault(2, "server-readonly")
        .run(2, 6, 7, job="b")
        .run(2, 6, 7, job="c")
        .run(1, 8, 9, job="offered")
        .home(1, 2),
        told(
            "the workers go on; 1 of 3 jobs lost; 1 of 3 jobs done twice;"
            " 1 of 3 jobs started again",
            "bad",
        ),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_what_happened_is_put_into_words(case: str, tmp_path: Path) -> None:
    question, history, expected = CASES[case]
    assert history.answer(question, tmp_path) == expected


def test_every_question_is_asked_somewhere() -> None:
    # As `server_restarts`, and as `killed`.
    same = {"connections_closed", "scripts_forgotten", "killed_by_default"}
    assert {question for question, _, _ in CASES.values()} == ASKED.keys() - same


@pytest.mark.parametrize("name", ASKED)
def test_a_question_is_one_sentence(name: str) -> None:
    assert ASKED[name].asks.endswith("?")
    assert "\n" not in ASKED[name].asks
    assert ASKED[name].name == name


def test_a_torn_line_is_no_event(tmp_path: Path) -> None:
    history = tmp_path / "history"
    history.mkdir()
    history.joinpath("worker-1.jsonl").write_text('{"t": 1, "type": "sta')
    assert facts_of(tmp_path).runs == ()
