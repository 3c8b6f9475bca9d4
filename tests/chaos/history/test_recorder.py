"""A process's record survives it, whole and under the process's own name."""

import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from chaos.history import HistoryProblem, Recorder
from chaos.history.events import End, Hello, Start, Transition


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines() if line]


def test_an_event_is_stamped_with_time_process_and_pid(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "history" / "worker-1.jsonl", "worker-1")
    recorder.write(Start(job="j1", token=1, worker="w1"))
    recorder.write(End(job="j1", token=1, outcome="ok"))
    first, second = lines(recorder.path)
    assert (first["process"], first["pid"], first["type"]) == ("worker-1", os.getpid(), "start")
    assert (first["job"], first["token"]) == ("j1", 1)
    assert 0 < first["t"] <= second["t"]


def test_time_and_process_can_be_given_by_a_witness(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "rig.jsonl", "rig")
    recorder.write(Transition(op="claim", job="j1"), t=7, process="worker-1")
    (event,) = lines(recorder.path)
    assert (event["t"], event["process"]) == (7, "worker-1")


def test_an_event_is_in_the_file_when_write_returns(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "p.jsonl", "p")
    recorder.write(Hello(worker="w"))
    assert recorder.path.read_bytes().endswith(b"\n")


def test_threads_share_a_recorder_without_mixing_lines(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "p.jsonl", "p")

    def write_many(number: int) -> None:
        for step in range(300):
            recorder.write(Start(job=f"j{number}-{step}" + "x" * 500))

    threads = [threading.Thread(target=write_many, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({event["job"] for event in lines(recorder.path)}) == 1200


def test_a_forked_child_writes_under_its_own_pid(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "p.jsonl", "p")
    recorder.write(Hello(worker="parent"))
    child = os.fork()
    if child == 0:
        recorder.write(Hello(worker="child"))
        os._exit(0)
    os.waitpid(child, 0)
    assert [event["pid"] for event in lines(recorder.path)] == [os.getpid(), child]


def test_a_successor_does_not_glue_its_first_line_to_a_cut_one(tmp_path: Path) -> None:
    path = tmp_path / "p.jsonl"
    path.write_bytes(b'{"t":1,"pro')
    Recorder(path, "p").write(Hello(worker="w2"))
    cut, whole = path.read_text().splitlines()
    assert cut == '{"t":1,"pro'
    assert json.loads(whole)["worker"] == "w2"


def test_a_full_disk_is_told_in_one_sentence() -> None:
    recorder = Recorder(Path("/dev/full"), "worker-1")
    with pytest.raises(HistoryProblem, match="the disk is full: an event of worker-1 is missing"):
        recorder.write(Hello(worker="w"))


def test_a_place_that_cannot_be_written_is_told_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(HistoryProblem, match="cannot make the history directory"):
        Recorder(tmp_path / "file" / "p.jsonl", "p")
    (tmp_path / "p.jsonl").mkdir()
    with pytest.raises(HistoryProblem, match="cannot write to the history file"):
        Recorder(tmp_path / "p.jsonl", "p").write(Hello(worker="w"))


def test_a_closed_recorder_opens_again(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "p.jsonl", "p")
    recorder.write(Hello(worker="w"))
    recorder.close()
    recorder.close()
    recorder.write(Hello(worker="w"))
    assert len(lines(recorder.path)) == 2
    recorder.close()


def test_recording_does_not_load_what_only_a_judge_needs() -> None:
    """A worker process under test imports the recorder, and its memory and start are measured."""
    heavy = "{'duckdb', 'rich', 'click', 'jinja2', 'psutil', 'redis', 'rrq_ref'}"
    code = f"import sys, chaos.history; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
