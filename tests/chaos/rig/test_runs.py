"""Whole runs: their output, their exit codes, and the files that they leave."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from .running import begun, descendants, read_until, run, survivors

pytestmark = pytest.mark.slow

NAIVE = "examples.naive_queue.target:TARGET"


def test_a_run_passes_and_says_where_its_kills_landed(tmp_path: Path) -> None:
    out, report = tmp_path / "run", tmp_path / "verdict.json"

    done = run("chaos.kill_during_claim", "--seed", "7", "--out", str(out), "--json", str(report))

    assert done.returncode == 0, done.stdout + done.stderr
    verdict = json.loads(report.read_text())
    assert verdict["outcome"] == "pass"
    landed = {f["phase"]: f["landed"] for f in verdict["faults"] if f["kind"] == "kill"}
    assert landed == {"claim/before-send": 2, "claim/before-reply": 2, "claim/after-reply": 2}
    assert "PASS" in done.stdout
    assert "--seed 7" in done.stdout


def test_a_run_directory_tells_all_and_is_judged_the_same_again(tmp_path: Path) -> None:
    out, report = tmp_path / "run", tmp_path / "again.json"
    first = run("chaos.retry_storm", "--seed", "3", "--jobs", "30", "--out", str(out))
    assert first.returncode == 0, first.stdout + first.stderr

    again = run("chaos", "check", str(out), "--json", str(report))

    assert again.returncode == 0
    assert json.loads(report.read_text()) == json.loads((out / "verdict.json").read_text())
    about = json.loads((out / "run.json").read_text())
    assert about["seed"] == 3
    assert {"python", "server", "packages"} <= set(about["versions"])
    assert (out / "timeline.html").stat().st_size > 1_000
    assert list((out / "history").glob("worker-*.jsonl"))
    assert list((out / "logs").glob("worker-*.log"))


def test_a_queue_that_loses_a_job_fails(tmp_path: Path) -> None:
    """The canary: if this passes, no green run means anything."""
    done = run("chaos.kill_during_claim", "--target", NAIVE, "--out", str(tmp_path / "run"))

    assert done.returncode == 1, done.stdout + done.stderr
    assert re.search(r"- job job-\d{5} was acknowledged at [\d.]+ s and is missing", done.stdout)
    assert "lost" in done.stdout
    assert "FAIL" in done.stdout


def test_a_fault_that_does_not_land_makes_the_verdict_unknown(tmp_path: Path) -> None:
    # The only job is taken by the first victim; the others wait in vain for theirs.
    done = run("chaos.kill_during_finish", "--jobs", "1", "--out", str(tmp_path / "run"))

    assert done.returncode == 3, done.stdout + done.stderr
    assert "did not land" in done.stdout


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("moment", ["enqueued", "worker-1 started", "kill of", "waiting"])
def test_a_signal_ends_a_run_without_a_trace(
    signum: signal.Signals, moment: str, tmp_path: Path
) -> None:
    with begun("chaos.kill_during_claim", "--out", str(tmp_path / "run")) as process:
        read_until(process, moment)
        started = descendants(process.pid)
        assert started  # the server at least

        process.send_signal(signum)
        rest, _ = process.communicate(timeout=60)

        assert process.returncode == 128 + signum
        assert f"interrupted by {signum.name}" in rest
        assert "Traceback" not in rest
        assert survivors(started) == []
        assert not (tmp_path / "run" / "verdict.json").exists()


def test_not_even_a_killed_rig_leaves_processes(tmp_path: Path) -> None:
    with begun("chaos.drain_on_sigterm", "--out", str(tmp_path / "run")) as process:
        read_until(process, "fleet-1 started")
        started = descendants(process.pid)

        process.kill()
        process.communicate(timeout=60)

        assert survivors(started) == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--target", "nope"], "no target is named 'nope'; give rrq_ref"),
        (["--target", "os:path"], "is not a chaos.targets.Target"),
        (["--redis", "nope"], "'nope' names no server; give embedded"),
        (["--redis", "redis://127.0.0.1:1"], "cannot be reached"),
        (["--redis", "local:/nowhere"], "there is no file /nowhere"),
        (["--jobs", "0"], "0 is not in the range"),
        (["--out", "."], "exists; give --out a directory that does not"),
        (["--out", "/proc/run"], "no run directory can be made"),
        (["--nonsense"], "No such option"),
    ],
)
def test_wrong_usage_is_one_sentence(words: list[str], said: str, tmp_path: Path) -> None:
    here = {**os.environ, "PYTHONPATH": str(Path.cwd())}
    done = subprocess.run(
        [sys.executable, "-m", "chaos.kill_during_claim", *words],
        cwd=tmp_path,
        env=here,
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    disk = tmp_path / "disk"
    disk.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", "size=300k", "tmpfs", str(disk)]
    try:
        subprocess.run(words, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("only root can mount a small disk")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def test_a_full_disk_is_never_a_pass_and_leaves_nothing_running(small_disk: Path) -> None:
    with begun(
        "chaos.kill_during_claim", "--jobs", "400", "--out", str(small_disk / "run")
    ) as process:
        read_until(process, "enqueued")
        started = descendants(process.pid)

        rest, _ = process.communicate(timeout=60)

        assert process.returncode == 3
        assert "the disk is full" in rest
        assert "Traceback" not in rest
        assert survivors(started) == []
        assert not (small_disk / "run" / "verdict.json").exists()


def test_an_unknown_scenario_is_refused() -> None:
    done = run("chaos", "kill_everything")

    assert done.returncode == 2
    assert "kill_everything" in done.stderr


def test_runs_at_once_need_servers_of_their_own() -> None:
    done = run("chaos", "--at-once", "2", "--redis", "redis://127.0.0.1:1")

    assert done.returncode == 2
    assert "need a server each" in done.stderr


def table_in(printed: str) -> str:
    """The table of many runs, below which stands what they have met together."""
    table, met = printed.rstrip().rsplit("\n", 1)
    assert re.fullmatch(r"met by all runs together: 2 of \d+ kinds of faults .*, \d+ left", met)
    return table


def test_many_runs_have_a_seed_each_and_one_table(tmp_path: Path) -> None:
    words = ("--runs", "2", "--at-once", "2", "--seed", "5", "--out", str(tmp_path / "runs"))
    result = tmp_path / "all.json"
    done = run("chaos.kill_during_finish", *words, "--json", str(result))

    assert done.returncode == 0, done.stdout + done.stderr
    assert [verdict["run"]["seed"] for verdict in json.loads(result.read_text())] == [5, 6]
    assert table_in(done.stdout).endswith("2 passed")
    left = sorted(path.name for path in (tmp_path / "runs").iterdir())
    assert left == ["seed-5.log", "seed-6.log"]


def test_of_many_runs_those_that_did_not_pass_are_kept(tmp_path: Path) -> None:
    words = ("--runs", "2", "--at-once", "2", "--seed", "5", "--out", str(tmp_path / "runs"))
    done = run("chaos.kill_during_claim", "--target", NAIVE, *words)

    assert done.returncode == 1, done.stdout + done.stderr
    assert table_in(done.stdout).endswith("2 failed")
    for seed in (5, 6):
        assert (tmp_path / "runs" / f"seed-{seed}" / "verdict.json").is_file()


def test_many_runs_that_cannot_be_leave_nothing(tmp_path: Path) -> None:
    words = ("--runs", "2", "--redis", "redis://127.0.0.1:1", "--out", str(tmp_path / "runs"))
    done = run("chaos.mixed", *words)

    assert done.returncode == 2
    assert done.stderr.count("error:") == 1
    assert "use embedded, local or container" in done.stderr
    assert not (tmp_path / "runs").exists()
