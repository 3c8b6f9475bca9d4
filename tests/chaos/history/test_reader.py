"""Evidence is read completely, or the reader says which part is missing."""

import json
from pathlib import Path
from typing import Any

import duckdb
import pytest

from chaos.history import HistoryProblem, reader
from chaos.history.reader import read_history

HELLO = {"t": 1, "process": "worker-1", "pid": 11, "type": "hello", "worker": "w1"}


@pytest.fixture
def run_dir(tmp_path: Path) -> Path:
    (tmp_path / "history").mkdir()
    (tmp_path / "run.json").write_text('{"seed": 1}')
    return tmp_path


def put(run_dir: Path, name: str, *parts: dict[str, Any] | bytes) -> None:
    lines = [p if isinstance(p, bytes) else json.dumps(p).encode() + b"\n" for p in parts]
    (run_dir / "history" / f"{name}.jsonl").write_bytes(b"".join(lines))


def killed(name: str = "worker-1") -> dict[str, Any]:
    exit_ = {"t": 9, "process": "rig", "pid": 1, "type": "process", "event": "exit"}
    return {**exit_, "name": name, "signal": 9}


def problems(run_dir: Path) -> tuple[str, ...]:
    with read_history(run_dir) as history:
        assert history.intact is (not history.problems)
        return history.problems


def count(run_dir: Path) -> int:
    with read_history(run_dir) as history:
        row = history.db.execute("SELECT count(*) FROM events").fetchone()
        assert row is not None
        return int(row[0])


def test_events_of_all_files_are_in_one_table(run_dir: Path) -> None:
    for name in ("worker-1", "worker-2"):
        put(run_dir, name, HELLO | {"process": name, "extra": [1]})
    with read_history(run_dir) as history:
        rows = history.db.execute("SELECT process, type, file FROM events ORDER BY ALL").fetchall()
    assert rows == [
        ("worker-1", "hello", "worker-1.jsonl"),
        ("worker-2", "hello", "worker-2.jsonl"),
    ]
    assert history.problems == ()


@pytest.mark.parametrize("name", ["worker=7", "type=start", "[1]", "*", "[", "a\nb", "\udcff"])
@pytest.mark.parametrize("temporary", ["tmp", "t[m]p"])
def test_a_directory_may_have_any_name(
    run_dir: Path, name: str, temporary: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DuckDB takes some names for patterns, and `worker=7` for the value of a column."""
    (run_dir / temporary).mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(run_dir / temporary))
    odd = run_dir / name
    (odd / "history").mkdir(parents=True)
    (odd / "run.json").write_text('{"seed": 1}')
    put(odd, "worker-1", HELLO)
    with read_history(odd) as history:
        assert history.problems == ()
        rows = history.db.execute("SELECT type, worker FROM events").fetchall()
    assert rows == [("hello", "w1")]


def test_a_directory_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(HistoryProblem, match="is not a run directory"):
        read_history(tmp_path / "nowhere")


def test_an_empty_run_directory_is_a_problem(tmp_path: Path) -> None:
    missing, no_history = problems_of_empty(tmp_path)
    assert missing == "run.json is missing"
    assert no_history.startswith("there is no history file")


def problems_of_empty(tmp_path: Path) -> tuple[str, ...]:
    with read_history(tmp_path) as history:
        return history.problems


@pytest.mark.parametrize("content", [b"{", b"[]", b"{}", b"\xff"])
def test_an_unreadable_run_json_is_a_problem(run_dir: Path, content: bytes) -> None:
    put(run_dir, "worker-1", HELLO)
    (run_dir / "run.json").write_bytes(content)
    with read_history(run_dir) as history:
        assert history.run == {}
        assert history.problems[0].startswith("run.json ")
        assert history.intact


def test_a_line_that_the_fast_way_leaves_out_is_read_all_the_same(
    run_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DuckDB sometimes hides an error in a line when it reads with several threads."""

    def hasty(db: duckdb.DuckDBPyConnection, files: list[Path]) -> int:
        monkeypatch.undo()
        read = reader._insert(db, files)
        db.execute("DELETE FROM events WHERE t = 2")
        return read - 1

    monkeypatch.setattr(reader, "_insert", hasty)
    put(run_dir, "worker-1", HELLO, {**HELLO, "t": 2})
    assert count(run_dir) == 2


def test_an_empty_file_is_a_problem(run_dir: Path) -> None:
    put(run_dir, "worker-1")
    assert problems(run_dir) == ("worker-1.jsonl is empty, and its process was not killed",)


@pytest.mark.parametrize(
    ("end", "excused"), [({"signal": 9}, True), ({}, True), ({"code": 0}, False)]
)
def test_a_killed_process_may_leave_an_empty_file(
    run_dir: Path, end: dict[str, int], excused: bool
) -> None:
    """And one of which nobody knows how it ended."""
    put(run_dir, "worker-1")
    put(run_dir, "rig", killed() | {"signal": None} | end)
    assert (problems(run_dir) == ()) is excused


def test_a_cut_last_line_of_a_killed_process_is_no_problem(run_dir: Path) -> None:
    put(run_dir, "worker-1", HELLO, b'{"t":2,"pro')
    put(run_dir, "rig", killed())
    assert problems(run_dir) == ()
    assert count(run_dir) == 2


def test_a_landed_kill_explains_a_cut_line_too(run_dir: Path) -> None:
    put(run_dir, "worker-1", HELLO, b'{"t":2,"pro')
    fault = {"t": 9, "process": "rig", "pid": 1, "type": "fault", "event": "landed"}
    put(run_dir, "rig", {**fault, "fault": "f", "kind": "kill", "target": "worker-1"})
    assert problems(run_dir) == ()


def test_a_cut_last_line_of_a_living_process_is_a_problem(run_dir: Path) -> None:
    put(run_dir, "worker-1", HELLO, b'{"t":2,"pro')
    put(run_dir, "rig", killed("worker-2"))
    assert problems(run_dir) == (
        "worker-1.jsonl has 1 unreadable line (line 2) that no kill explains",
    )


def test_a_cut_line_in_the_middle_of_a_process_is_a_problem(run_dir: Path) -> None:
    put(run_dir, "worker-1", HELLO, b'{"t":2,"pro\n', HELLO)
    put(run_dir, "rig", killed())
    assert len(problems(run_dir)) == 1
    assert count(run_dir) == 3


def test_the_last_line_of_a_killed_predecessor_may_be_cut(run_dir: Path) -> None:
    put(run_dir, "worker-1", HELLO, b'{"t":2,"pro\n', {**HELLO, "pid": 12})
    put(run_dir, "rig", killed())
    assert problems(run_dir) == ()


def test_one_kill_does_not_explain_many_cut_lines(run_dir: Path) -> None:
    cut = b'{"t":2,"pro\n'
    put(run_dir, "worker-1", HELLO, cut, {**HELLO, "pid": 12}, cut, {**HELLO, "pid": 13})
    put(run_dir, "rig", killed())
    assert len(problems(run_dir)) == 1


@pytest.mark.parametrize(
    "line", [b"5\n", b"[]\n", b'{"t":"x"}\n', b'{"t":1e99}\n', b"\xff\n", b"{}{}\n", b"\x00\n"]
)
def test_whatever_else_is_no_event_is_a_problem(run_dir: Path, line: bytes) -> None:
    put(run_dir, "worker-1", HELLO, line, HELLO)
    assert len(problems(run_dir)) == 1
    assert count(run_dir) == 2


@pytest.mark.parametrize(
    "change",
    [{"worker": 5}, {"worker": ["w1"]}, {"token": "5"}, {"token": 1.5}, {"token": True}, {"ok": 1}],
    ids=repr,
)
def test_a_value_of_the_wrong_type_is_not_taken_for_another(
    run_dir: Path, change: dict[str, Any]
) -> None:
    put(run_dir, "worker-1", {**HELLO, **change})
    assert problems(run_dir) == (
        "worker-1.jsonl has 1 unreadable line (line 1) that no kill explains",
    )


def test_an_integer_may_be_written_with_a_point(run_dir: Path) -> None:
    put(run_dir, "worker-1", {**HELLO, "t": 2e3}, {**HELLO, "token": 7.0})
    with read_history(run_dir) as history:
        assert history.problems == ()
        found = history.db.execute("SELECT t, token FROM events ORDER BY t").fetchall()
    assert found == [(1, 7), (2000, None)]


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"t": None}, "without t, process, pid or type"),
        ({"t": -1}, "with an impossible time"),
        ({"t": 2**62}, "with an impossible time"),
        ({"type": "greeting"}, 'of the unknown type "greeting"'),
        ({"worker": None}, "of type hello without worker"),
        ({"type": "final", "what": "read"}, "of type final read without ok"),
        ({"type": "enqueue", "op": "1", "phase": "x"}, 'type enqueue with the unknown phase "x"'),
        ({"type": "final", "what": "job"}, "of type final job without job"),
    ],
)
def test_an_event_that_breaks_the_schema_is_a_problem(
    run_dir: Path, change: dict[str, Any], complaint: str
) -> None:
    put(run_dir, "worker-1", HELLO, {**HELLO, **change})
    (problem,) = problems(run_dir)
    assert problem.startswith("worker-1.jsonl has 1 event ")
    assert complaint in problem
    assert count(run_dir) == 1


def test_a_directory_with_characters_of_a_pattern_is_read(tmp_path: Path) -> None:
    run_dir = tmp_path / "a[b]*"
    (run_dir / "history").mkdir(parents=True)
    (run_dir / "run.json").write_text('{"seed": 1}')
    put(run_dir, "worker-1", HELLO)
    assert problems(run_dir) == ()
    assert count(run_dir) == 1
