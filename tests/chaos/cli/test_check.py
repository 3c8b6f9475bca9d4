"""Saved runs, judged again: one, or all that lie in some directories."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb
import pytest
from click.testing import CliRunner, Result

from chaos.cli.group import command
from chaos.history.schema import COLUMNS
from tests.chaos.checks.story import Story


def kept(job: str) -> Story:
    story = Story()
    story.enqueue(job)
    story.attempt(job, at=10, until=50)
    story.final("read", ok=True)
    story.finally_(job, "completed")
    return story


def lost(job: str) -> Story:
    story = kept("another")
    story.enqueue(job)
    story.finally_(job, "missing")
    return story


def check(*words: object) -> Result:
    return CliRunner().invoke(command, ["check", *map(str, words)])


def read(directory: Path, query: str) -> list[tuple[Any, ...]]:
    """Ask the Parquet files of a directory, as `events`."""
    with duckdb.connect() as db:
        db.execute(f"CREATE VIEW events AS FROM read_parquet('{directory}/*.parquet')")
        return db.execute(query).fetchall()


def test_all_runs_in_a_directory_are_judged_and_the_worst_counts(tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    kept("a").write(runs / "host-1" / "first")
    lost("b").write(runs / "host-2" / "second")
    kept("c").write(runs / "third")
    kept("d").write(runs / "third" / "history" / "within")  # part of that run's directory
    (runs / "host-1" / "again").symlink_to(runs)
    report = tmp_path / "report.json"
    done = check(runs, "--json", report)
    assert done.exit_code == 1, done.output
    outcomes = [verdict["outcome"] for verdict in json.loads(report.read_bytes())]
    assert outcomes == ["pass", "fail", "pass"]
    for told in ("host-1/first", "host-2/second", "third", "3 runs", "1 failed"):
        assert told in done.output
    assert check(runs / "host-1").exit_code == 0
    assert check(runs / "host-2").exit_code == 1


def test_directories_of_several_hosts_are_judged_together(tmp_path: Path) -> None:
    for host in ("red", "blue"):
        kept(host).write(tmp_path / host / "run")
    done = check(tmp_path / "red", tmp_path / "blue" / "run")
    assert done.exit_code == 0, done.output
    assert "red/run" in done.output
    assert "blue/run" in done.output
    assert "2 runs" in done.output


def test_a_directory_without_any_run_proves_nothing(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    done = check(tmp_path / "empty")
    assert done.exit_code == 3
    assert "run.json is missing" in done.output


def test_histories_are_written_as_parquet_as_they_were_read(tmp_path: Path) -> None:
    """Also the events of a job that the rig has ruined, which no check looks at."""
    ruined = kept("b")
    ruined.fault("damage", "", at=60, job="b")
    stories = {"one/run": kept("a"), "two/run": ruined, "three": kept("c")}
    for name, story in stories.items():
        story.write(tmp_path / "runs" / name)
    out = tmp_path / "new" / "parquet"
    check(tmp_path / "runs", "--parquet", out)
    assert sorted(path.name for path in out.iterdir()) == [
        *("0001-run.parquet", "0003-run.parquet", "three.parquet")
    ]
    counts = {name: len(story.events) for name, story in stories.items()}
    assert dict(read(out, "SELECT run, count(*) FROM events GROUP BY run")) == counts
    assert read(out, "SELECT DISTINCT file FROM events WHERE type = 'start'") == [
        ("worker-1.jsonl",)
    ]
    types = {"run": "VARCHAR", "file": "VARCHAR", **COLUMNS}
    assert {name: kind for name, kind, *_ in read(out, "DESCRIBE events")} == types


def test_a_run_is_written_under_its_name_and_over_what_was_there(tmp_path: Path) -> None:
    kept("a").write(tmp_path / "run")
    out = tmp_path / "out"
    out.mkdir()
    (out / "run.parquet").write_text("old")
    check(tmp_path / "run", "--parquet", out)
    assert [path.name for path in out.iterdir()] == ["run.parquet"]
    assert read(out, "SELECT DISTINCT run FROM events") == [("run",)]


@pytest.mark.parametrize("occupied", ["", "run.parquet/mine"])
def test_a_parquet_file_that_cannot_be_written_is_said_and_leaves_nothing(
    tmp_path: Path, occupied: str
) -> None:
    kept("a").write(tmp_path / "run")
    out = tmp_path / "out"
    if occupied:
        (out / occupied).mkdir(parents=True)
    else:
        out.write_text("mine")
    done = check(tmp_path / "run", "--parquet", out)
    assert done.exit_code == 3
    assert f"{out}/run.parquet cannot be written" in done.output
    assert not [path for path in tmp_path.rglob(".*")]
