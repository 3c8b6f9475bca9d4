"""A history that is larger than the memory it may take is judged all the same, from the disk."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from chaos.checks import Outcome, judge, judging
from chaos.history import HistoryProblem
from chaos.history.database import MEMORY, enough_room
from chaos.history.reader import read_history
from tests.chaos.checks.story import Story

pytestmark = pytest.mark.slow

JOBS = 20_000


@pytest.fixture(scope="module")
def long_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of many jobs, one of which is lost."""
    story = Story()
    for number in range(JOBS):
        job, at = f"job-{number}", 2 * number
        story.enqueue(job, at=at)
        story.attempt(job, at=at + 2, until=at + 3)
        story.finally_(job, "completed" if number else "missing")
    story.forget("transition", op="finish", job="job-0")
    return story.write(tmp_path_factory.mktemp("long"))


def spilled(temporary: Path) -> list[str]:
    return [path.name for path in temporary.rglob("*.tmp")]


def test_the_verdict_is_that_of_a_judge_with_more_memory(
    long_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with judging(long_run) as (verdict, _):
        assert not spilled(tmp_path)

    monkeypatch.setenv(MEMORY, "100MB")
    with judging(long_run) as (tight, _):
        assert spilled(tmp_path)
    assert not list(tmp_path.iterdir())

    assert tight == verdict
    assert verdict.outcome is Outcome.FAIL
    assert {check.anomaly: check.broken for check in verdict.broken} == {"lost": 1}


def test_the_verdict_on_a_huge_history_is_the_same_from_a_file(
    long_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with judging(long_run) as (verdict, _):
        assert not [*tmp_path.rglob("history.db")]

    monkeypatch.setattr("chaos.history.database._HUGE", 1)
    with judging(long_run) as (huge, _):
        (file,) = tmp_path.rglob("history.db")
        assert file.stat().st_size > 1 << 20
    assert not list(tmp_path.iterdir())
    assert huge == verdict


def test_a_file_larger_than_the_memory_is_read_the_fast_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    story = Story()
    for number in range(50_000):
        story.event("look", at=number, rule="end", objects=1, unknown="x" * 3_000)
    run = story.write(tmp_path)
    monkeypatch.setenv(MEMORY, "140MB")
    monkeypatch.setattr("chaos.history.reader.salvage", None)
    with read_history(run) as history:
        (looks,) = history.db.execute("SELECT count(*) FROM events WHERE type = 'look'").fetchall()
    assert looks == (50_000,)


def test_nothing_stays_on_the_disk_after_a_failure(
    long_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setenv(MEMORY, "100MB")
    with pytest.raises(ZeroDivisionError, match="while some was spilled"), judging(long_run):
        raise ZeroDivisionError(f"while {'some' if spilled(tmp_path) else 'nothing'} was spilled")
    assert not list(tmp_path.iterdir())


INTERRUPTED = """
import sys
from pathlib import Path

from chaos.checks import judging
from chaos.processes import on_signals

with on_signals(), judging(Path(sys.argv[1])):
    print("judged", flush=True)
    sys.stdin.read()
"""


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
def test_nothing_stays_on_the_disk_after_a_signal(
    long_run: Path, tmp_path: Path, signum: signal.Signals
) -> None:
    environment = os.environ | {MEMORY: "100MB", "TMPDIR": str(tmp_path)}
    words = [sys.executable, "-c", INTERRUPTED, str(long_run)]
    with subprocess.Popen(
        words,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"judged\n"
        assert spilled(tmp_path)
        process.send_signal(signum)
        process.wait()
    assert not list(tmp_path.iterdir())


def test_a_history_for_which_there_is_no_room_at_all_is_told(
    long_run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(MEMORY, "8MB")
    with pytest.raises(HistoryProblem, match="more memory than CHAOS_JUDGE_MEMORY allows, 8MB"):
        judge(long_run)


def test_an_amount_that_is_none_is_told(long_run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(MEMORY, "plenty")
    with pytest.raises(HistoryProblem, match="CHAOS_JUDGE_MEMORY is no amount of memory"):
        judge(long_run)


@pytest.mark.parametrize(
    "full",
    [
        duckdb.TransactionException('Failed to commit: "history.db.wal": No space left on device'),
        OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "copy.jsonl"),
    ],
)
def test_a_full_disk_is_told(full: Exception) -> None:
    with pytest.raises(HistoryProblem, match=r"no room in .* for the judge's temporary files"):
        raise_within(full)


@pytest.mark.parametrize("other", [duckdb.BinderException("no such column"), OSError("broken")])
def test_other_errors_are_not_taken_for_a_full_disk(other: Exception) -> None:
    with pytest.raises(type(other), match=str(other)):
        raise_within(other)


@enough_room()
def raise_within(error: Exception) -> None:
    raise error
