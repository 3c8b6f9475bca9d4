"""What is gone from a history is missed: a line, the end of a file, a file, a worker's part."""

from __future__ import annotations

import gzip
import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from chaos.checks import Outcome, judge
from chaos.history import Recorder
from chaos.history.events import Hello, Start
from chaos.history.files import LONGEST
from chaos.history.reader import read_history
from chaos.rig.ending import note_files
from tests.chaos.checks.story import Story

Line = dict[str, Any]
RUN = '{"seed": 1}'


@pytest.fixture
def run_dir(tmp_path: Path) -> Path:
    (tmp_path / "history").mkdir()
    (tmp_path / "run.json").write_text(RUN)
    return tmp_path


def line(n: int | None, *, t: int | None = None, pid: int = 11, **more: Any) -> Line:
    numbered = {} if n is None else {"n": n}
    about = {"t": t or n or 1, "process": "worker-1", "pid": pid, "type": "start", "job": "j"}
    return numbered | about | more


def put(run_dir: Path, lines: list[Line], name: str = "worker-1") -> None:
    text = "".join(json.dumps(each) + "\n" for each in lines)
    (run_dir / "history" / f"{name}.jsonl").write_text(text)


def problems(run_dir: Path) -> tuple[str, ...]:
    with read_history(run_dir) as history:
        assert history.intact is (not history.problems)
        return history.problems


# ---------------------------------------------------------------- numbers


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ([line(2)], "lacks line 1"),
        ([line(1), line(2), line(4)], "lacks line 3"),
        ([line(1), line(5), line(7)], "lacks lines 2 to 4, line 6"),
        ([line(1), line(2), line(2)], "repeats lines"),
        ([line(1), line(2), line(2, t=9)], "repeats lines"),
        ([line(1), line(2), line(1), line(2)], "repeats lines"),
        ([line(1), line(1, t=9), line(3, t=10)], "lacks line 2"),
        ([line(1), line(None)], "has lines without a number beside others"),
    ],
)
def test_a_line_that_is_gone_or_comes_twice_is_missed(
    run_dir: Path, lines: list[Line], said: str
) -> None:
    put(run_dir, lines)
    assert problems(run_dir) == (f"worker-1.jsonl {said}, of process id 11",)


@pytest.mark.parametrize(
    "lines",
    [
        [line(2), line(1), line(3)],  # two threads
        [line(1), line(2), line(1, pid=12)],  # a fork, or a successor
        [line(1), line(2), line(1, t=9), line(2, t=10)],  # a successor with the same process id
        [line(None), line(None)],  # another language, or an old history
        [line(1), line(None, pid=12)],
    ],
)
def test_numbers_begin_with_one_in_every_process(run_dir: Path, lines: list[Line]) -> None:
    put(run_dir, lines)
    assert problems(run_dir) == ()


def test_a_number_below_one_is_none(run_dir: Path) -> None:
    put(run_dir, [line(0), line(1)])
    assert any("with an impossible n" in problem for problem in problems(run_dir))


def test_what_the_recorder_writes_is_complete(run_dir: Path) -> None:
    recorder = Recorder(run_dir / "history" / "p.jsonl", "p")
    recorder.write(Hello(worker="parent"))
    child = os.fork()
    if child == 0:
        recorder.write(Hello(worker="child"))
        os._exit(0)
    os.waitpid(child, 0)
    recorder.write(Start(job="j"))
    recorder.close()
    Recorder(recorder.path, "p").write(Hello(worker="successor"))
    assert problems(run_dir) == ()
    rows = [json.loads(text) for text in recorder.path.read_text().splitlines()]
    assert [row["n"] for row in rows] == [1, 1, 2, 1]


# ---------------------------------------------------------------- files


def noted(run_dir: Path, lines: int = 2) -> None:
    """A file of a worker, and the rig's note about it."""
    put(run_dir, [line(n) for n in range(1, lines + 1)])
    Recorder(run_dir / "history" / "rig.jsonl", "rig")
    note_files(run_dir / "history", Recorder(run_dir / "history" / "rig.jsonl", "rig").write)


def test_a_file_as_the_rig_found_it_is_complete(run_dir: Path) -> None:
    noted(run_dir)
    assert problems(run_dir) == ()


@pytest.mark.parametrize(
    ("left", "said"),
    [(1, "worker-1 has 1 of the 2 lines that it had"), (None, "worker-1 is missing, which had 2")],
)
def test_a_file_that_is_cut_or_gone_is_missed(run_dir: Path, left: int | None, said: str) -> None:
    noted(run_dir)
    if left is None:
        (run_dir / "history" / "worker-1.jsonl").unlink()
    else:
        put(run_dir, [line(n) for n in range(1, left + 1)])
    (problem,) = problems(run_dir)
    assert problem.startswith(f"the history of {said}")


def test_a_compressed_file_is_refused_under_either_name(run_dir: Path) -> None:
    put(run_dir, [line(1)], "worker-2")
    packed = gzip.compress(json.dumps(line(1)).encode() + b"\n")
    (run_dir / "history" / "worker-1.jsonl.gz").write_bytes(packed)
    (run_dir / "history" / "worker-3.jsonl").write_bytes(packed)
    renamed, content = problems(run_dir)
    assert renamed.startswith("worker-1.jsonl.gz is no history file")
    assert content.startswith("worker-3.jsonl begins with the byte 0x1f, not with an event")


def make_fifo(path: Path) -> None:
    os.mkfifo(path)


def make_device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def make_directory(path: Path) -> None:
    path.mkdir()


def make_dangling_link(path: Path) -> None:
    path.symlink_to("nowhere")


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (make_fifo, "is a FIFO, not a file"),
        (make_device, "is a device, not a file"),
        (make_directory, "is a directory, not a file"),
        (make_dangling_link, "is a dangling link"),
    ],
)
def test_what_is_no_file_is_refused_and_not_waited_for(run_dir: Path, make: Any, said: str) -> None:
    put(run_dir, [line(1)])
    (run_dir / "run.json").unlink()
    make(run_dir / "run.json")
    make(run_dir / "history" / "worker-2.jsonl")
    with read_history(run_dir) as history:
        assert history.problems == (f"run.json {said}", f"worker-2.jsonl {said}")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[" * 100_000 + "]" * 100_000, "is nested too deeply"),
        ('{"a":' * 100_000 + "1" + "}" * 100_000, "is nested too deeply"),
        ("7", "is not a JSON object"),
        ("", "cannot be read: Expecting value"),
        ('{"a": "' + "x" * LONGEST + '"}', "is larger than 16 MB"),
        ('{"a": ' + "9" * 10_000 + "}", "cannot be read: "),
    ],
    ids=["array", "object", "number", "empty", "huge", "long number"],
)
def test_a_foreign_run_json_is_refused(run_dir: Path, text: str, said: str) -> None:
    put(run_dir, [line(1)])
    (run_dir / "run.json").write_text(text)
    with read_history(run_dir) as history:
        (problem,) = history.problems
    assert problem.startswith(f"run.json {said}")


@pytest.mark.parametrize(
    "text",
    ["{" * 100_000, '{"x":' * 100_000 + "1" + "}" * 100_000, '{"x": "' + "y" * LONGEST + '"}'],
    ids=["open", "deep", "long"],
)
def test_a_foreign_line_is_unreadable(run_dir: Path, text: str) -> None:
    (run_dir / "history" / "worker-1.jsonl").write_text(
        "".join(f"{each}\n" for each in (json.dumps(line(1)), text, json.dumps(line(2))))
    )
    (problem,) = problems(run_dir)
    assert problem.startswith("worker-1.jsonl has 1 ")


def test_a_name_of_any_characters_is_told_in_one_line(run_dir: Path) -> None:
    put(run_dir, [line(2)], "a\nb'\N{SNOWMAN}[*]")
    (problem,) = problems(run_dir)
    assert "\n" not in problem
    assert "lacks line 1" in problem


# ---------------------------------------------------------------- processes


def told(tmp_path: Path, story: Story) -> Path:
    story.enqueue("j1", at=0)
    story.attempt("j1", "w1", at=10, until=20)
    story.finally_("j1", "completed")
    return story.write(tmp_path / "run")


def lost(tmp_path: Path, story: Story) -> Path:
    story.enqueue("j2", at=0)
    story.finally_("j2", "missing")
    return told(tmp_path, story)


@pytest.mark.parametrize("name", ["worker-1", "worker-2"])
def test_without_the_file_of_a_worker_that_was_ready_nothing_passes(
    tmp_path: Path, name: str
) -> None:
    run_dir = told(tmp_path, Story())
    assert judge(run_dir).outcome is Outcome.PASS
    (run_dir / "history" / f"{name}.jsonl").unlink()
    verdict = judge(run_dir)
    assert verdict.outcome is Outcome.UNKNOWN
    assert f"{name} was ready, and its history is missing" in verdict.unknown_because


@pytest.mark.parametrize("name", ["worker-1", "worker-2", "producer", "rig"])
def test_without_a_file_a_failed_run_does_not_pass(tmp_path: Path, name: str) -> None:
    run_dir = lost(tmp_path, Story())
    assert judge(run_dir).outcome is Outcome.FAIL
    (run_dir / "history" / f"{name}.jsonl").unlink()
    verdict = judge(run_dir)
    assert verdict.outcome is not Outcome.PASS
    if name.startswith("worker"):  # the rig has seen that the job is gone
        assert verdict.outcome is Outcome.FAIL


def test_a_worker_that_was_seen_on_the_wire_must_have_said_hello(tmp_path: Path) -> None:
    story = Story()
    story.worker("w3")
    story.attempt("j1", "w3", at=30, until=40, token=2)
    story.forget("process", event="ready", name="worker-3")
    run_dir = told(tmp_path, story)
    (run_dir / "history" / "worker-3.jsonl").unlink()
    (reason,) = judge(run_dir).unknown_because
    assert reason == "worker-3 (w3) was seen at work on the wire, and its history is missing"


def test_one_that_was_killed_before_it_was_ready_may_have_said_nothing(tmp_path: Path) -> None:
    story = Story()
    story.worker("w3")
    story.wire("claim", "j1", "w3", at=4, token=7, answer="refused")
    story.kill("w3", at=5)
    story.forget("process", event="ready", name="worker-3")
    run_dir = told(tmp_path, story)
    (run_dir / "history" / "worker-3.jsonl").unlink()
    assert judge(run_dir).outcome is Outcome.PASS


def fleet(story: Story) -> None:
    about: Line = {"name": "fleet-1", "child_pid": 900, "role": "fleet"}
    story.event("process", at=0, event="spawn", **about)
    story.event("process", at=0, event="ready", **about)
    for worker, pid in (("f1", 901), ("f2", 902)):
        child: Line = {"name": f"fleet-1.{pid}", "child_pid": pid, "role": "worker"}
        story.event("process", at=0, event="spawn", **child)
        story.event("hello", at=0, by=f"fleet-1.{pid}", pid=pid, worker=worker)
        asked: Line = {
            "op": "refresh",
            "job": "j1",
            "worker": worker,
            "answer": "refused",
            "token": 9,
        }
        story.event("transition", at=5, by="fleet-1", **asked, t_sent=1)


def test_a_worker_of_a_fleet_is_missed_too(tmp_path: Path) -> None:
    story = Story()
    fleet(story)
    run_dir = told(tmp_path, story)
    assert judge(run_dir).outcome is Outcome.PASS
    (run_dir / "history" / "fleet-1.902.jsonl").unlink()
    (reason,) = judge(run_dir).unknown_because
    assert reason == "fleet-1 (f2) was seen at work on the wire, and its history is missing"


def test_a_worker_of_a_fleet_may_have_ended_before_its_first_word(tmp_path: Path) -> None:
    story = Story()
    fleet(story)
    exit_: Line = {"name": "fleet-1.902", "child_pid": 902, "role": "worker"}
    story.event("process", at=9, event="exit", **exit_)
    run_dir = told(tmp_path, story)
    (run_dir / "history" / "fleet-1.902.jsonl").unlink()
    verdict = judge(run_dir)
    assert verdict.unknown_because == ()


@pytest.mark.parametrize(("released", "missed"), [("j2", False), ("j1", True)])
def test_a_worker_of_a_fleet_that_hands_all_back_has_nothing_to_say(
    tmp_path: Path, released: str, missed: bool
) -> None:
    story = Story()
    fleet(story)
    story.enqueue("j2")
    for op, job in (("claim", "j2"), ("release", released)):
        about: Line = {"op": op, "job": job, "worker": "f3", "answer": "ok", "token": 3}
        story.event("transition", at=6, by="fleet-1", **about, t_sent=5)
    story.finally_("j2", "queued")
    said = "fleet-1 (f3) was seen at work on the wire, and its history is missing"
    assert judge(told(tmp_path, story)).unknown_because == ((said,) if missed else ())


# ---------------------------------------------------------------- names

NAMES = [
    *("target=rrq_ref", "kind=kill", "job=j1", "t=5", "n=1", "file=x"),
    *("a b", "[ab]", "*", "?", "{a,b}", "it's", '"', "a\nb", "\N{SNOWMAN}", "\udcff", "%s", "~"),
]


@pytest.mark.parametrize("name", NAMES)
def test_a_directory_of_any_name_leaves_the_verdict_as_it_is(tmp_path: Path, name: str) -> None:
    run_dir = told(tmp_path, Story())
    moved = tmp_path / name / "run"
    shutil.copytree(run_dir, moved)
    assert judge(moved).outcome is Outcome.PASS
    broken = lost(tmp_path / "lost", Story())
    shutil.copytree(broken, tmp_path / "lost" / name / "run")
    assert judge(tmp_path / "lost" / name / "run").outcome is Outcome.FAIL


@pytest.mark.parametrize("name", [*NAMES, "\x00", "", "..", "x" * 100_000, "'; DROP TABLE events;"])
def test_a_job_id_of_any_characters_leaves_the_verdict_as_it_is(tmp_path: Path, name: str) -> None:
    for state, outcome in (("completed", Outcome.PASS), ("missing", Outcome.FAIL)):
        story = Story()
        story.enqueue(name, at=0)
        if state == "completed":
            story.attempt(name, "w1", at=10, until=20)
        story.finally_(name, state)
        story.enqueue("other", at=0)
        story.attempt("other", "w2", at=10, until=20)
        story.finally_("other", "completed")
        verdict = judge(story.write(tmp_path / state))
        assert verdict.outcome is outcome, verdict.unknown_because
