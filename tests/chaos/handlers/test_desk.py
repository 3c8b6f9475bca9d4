"""The desk: it answers handlers, counts their runs and writes their history."""

from __future__ import annotations

import json
import signal
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from chaos.faults import Side
from chaos.handlers import Desk, Request
from chaos.targets.asking import Asking

Killed = list[tuple[int, int]]


class Handler:
    """A client of a few lines, as one in another language would be."""

    def __init__(self, desk: Desk) -> None:
        place, _, self.secret = desk.address.partition("/")
        host, _, port = place.partition(":")
        self._socket = socket.create_connection((host, int(port)), 10)
        self._file = self._socket.makefile("rw")

    def ask(self, **words: Any) -> dict[str, Any]:
        return self.send({"secret": self.secret, "process": "worker-1", "pid": 77, **words})

    def send(self, request: object) -> dict[str, Any]:
        text = request if isinstance(request, str) else json.dumps(request)
        self._file.write(text + "\n")
        self._file.flush()
        answer: dict[str, Any] = json.loads(self._file.readline())
        return answer

    def close(self) -> None:
        self._file.close()
        self._socket.close()


@pytest.fixture
def killed() -> Killed:
    return []


@pytest.fixture
def asking() -> Asking:
    return Asking()


@pytest.fixture
def handler(tmp_path: Path, asking: Asking, killed: Killed) -> Iterator[Handler]:
    with Desk(tmp_path, asking, lambda pid, number: killed.append((pid, number))) as desk:
        handler = Handler(desk)
        yield handler
        handler.close()


def job(do: str = "ok", **plan: Any) -> str:
    return json.dumps({"id": "j1", "plan": {"do": do, **plan}})


def history(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (path / "worker-1.jsonl").read_text().splitlines()]


def test_it_says_what_to_do_and_writes_the_history_of_the_process(
    handler: Handler, tmp_path: Path, asking: Asking
) -> None:
    told = handler.ask(say="start", job=job(ms=20, result=[1]))
    assert (told["ms"], told["then"], told["result"]) == (20, "ok", [1])
    assert handler.ask(say="end", run=told["run"], outcome="ok") == {}
    start, end = history(tmp_path)
    assert [start["type"], end["type"], end["outcome"]] == ["start", "end", "ok"]
    assert {(e["process"], e["pid"], e["job"]) for e in (start, end)} == {("worker-1", 77, "j1")}
    assert [start["n"], end["n"]] == [1, 2]
    assert asking.outcome("j1", "worker-1") == "ok"


def test_it_counts_failures_and_lost_runs_apart(handler: Handler) -> None:
    fails = job("fail", times=2)
    lost = handler.ask(say="start", job=fails)  # nobody hears of it again
    assert lost["then"] == "fail"
    for then in ("fail", "fail", "ok"):
        told = handler.ask(say="start", job=fails)
        assert told["then"] == then
        outcome = "error" if then == "fail" else "ok"
        handler.ask(say="end", run=told["run"], outcome=outcome)


@pytest.mark.parametrize(
    ("plan", "first", "second"),
    [
        ({"do": "once", "ms": 500}, 500, 0),
        ({"do": "hang", "times": 1, "ms": 3}, 86_400_000, 3),
        ({"do": "hang"}, 86_400_000, 86_400_000),
    ],
)
def test_a_plan_may_differ_from_run_to_run(
    handler: Handler, plan: dict[str, Any], first: int, second: int
) -> None:
    told = [handler.ask(say="start", job={"id": "j1", "plan": plan})["ms"] for _ in range(2)]
    assert told == [first, second]


def test_a_job_that_fails_until_it_is_mended(handler: Handler, tmp_path: Path) -> None:
    until = job("until", path=str(tmp_path / "mended"))
    assert handler.ask(say="start", job=until)["then"] == "fail"
    (tmp_path / "mended").touch()
    assert handler.ask(say="start", job=until)["then"] == "ok"


def test_only_the_first_planned_failure_is_known_to_be_retried(
    handler: Handler, asking: Asking
) -> None:
    asking.retried = True
    for over in (False, True):
        told = handler.ask(say="start", job=job("fail", times=9))
        handler.ask(say="end", run=told["run"], outcome="error")
        assert asking.over("j1") is over


def test_a_plan_that_dies_kills_the_process_after_its_start_is_written(
    handler: Handler, tmp_path: Path, killed: Killed
) -> None:
    handler.ask(say="start", job=job(dies=1))
    assert killed == [(77, signal.SIGKILL)]
    assert [event["type"] for event in history(tmp_path)] == ["start"]
    handler.ask(say="start", job=job(dies=1))
    assert len(killed) == 1


@pytest.mark.parametrize(
    ("words", "right"),
    [
        ({"secret": "other"}, "hand CHAOS_RIG on"),
        ({"process": ""}, "CHAOS_PROCESS"),
        ({"process": "../x"}, "CHAOS_PROCESS"),
        ({"pid": "7"}, "number of the process"),
        ({"say": "begin"}, "`start` or `end`"),
        ({"job": "j1"}, "what the enqueue program was given"),
        ({"job": {"id": "j1"}}, "what the enqueue program was given"),
        ({"job": None}, "what the enqueue program was given"),
        ({"say": "end", "run": 9, "outcome": "ok"}, "what `start` has answered"),
        ({"say": "end", "run": None, "outcome": "ok"}, "what `start` has answered"),
    ],
)
def test_a_mistake_is_answered_with_what_would_be_right(
    handler: Handler, tmp_path: Path, words: dict[str, Any], right: str
) -> None:
    assert right in handler.ask(**{"say": "start", "job": job(), **words})["error"]
    assert not (tmp_path / "worker-1.jsonl").exists()
    assert handler.ask(say="start", job=job())["then"] == "ok"


def test_an_outcome_that_does_not_exist(handler: Handler) -> None:
    told = handler.ask(say="start", job=job())
    assert "ok, error, cancelled" in handler.ask(say="end", run=told["run"], outcome="no")["error"]


@pytest.mark.parametrize("request_", ["{", "[]", "7"])
def test_a_line_that_is_no_request(handler: Handler, request_: str) -> None:
    assert "JSON" in handler.send(request_)["error"]


def test_whoever_visits_sees_each_request_before_and_after_it_is_noted(tmp_path: Path) -> None:
    seen: list[tuple[str, str, int]] = []

    def visit(side: Side, request: Request) -> bool:
        noted = len(history(tmp_path)) if seen else 0
        seen.append((request.say, side, noted))
        assert (request.process, request.pid) == ("worker-1", 77)
        return (request.say, side) == ("end", "before-reply")

    with Desk(tmp_path, Asking(), visit=visit) as desk:
        handler = Handler(desk)
        told = handler.ask(say="start", job=job())
        with pytest.raises(json.JSONDecodeError):  # the connection ends without an answer
            handler.ask(say="end", run=told["run"], outcome="ok")
        handler.close()
    assert seen == [
        ("start", "before-send", 0),
        ("start", "before-reply", 1),
        ("end", "before-send", 1),
        ("end", "before-reply", 2),
    ]
