"""The benchmarks' commands, with numbers so small that their figures mean nothing."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import psutil
import pytest
from click.testing import CliRunner
from redis import Redis as PlainRedis

from benchmarks import compare, growth, judge, throughput, wire_proxy
from benchmarks.parts.goals import Goal, reached
from benchmarks.reference import queue

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
MARK = "RRQ_BENCHMARK_TEST"

SMALL = {
    "throughput": ["--jobs", "60", "--rounds", "1", "--pickups", "4", "--processes", "1"],
    "wire_proxy": ["--commands", "120", "--pipelines", "2"],
    "compare": ["--quick", "--peers", "huey", "--jobs", "500", "--pickups", "10"],
    "judge": ["--events", "5000", "--seconds", "0.5", "--rounds", "2"],
    "growth": ["--quick", "--jobs", "100", "--pickups", "4", "--idle", "0.1"],
}
COMMANDS: dict[str, click.Command] = {
    "throughput": throughput.main,
    "wire_proxy": wire_proxy.main,
    "compare": compare.main,
    "judge": judge.main,
    "growth": growth.main,
}


class Bench:
    """Runs benchmarks whose processes, to the last grandchild, carry a mark in the environment."""

    def __init__(self, mark: str, directory: Path) -> None:
        self._env = {**os.environ, MARK: mark, "COLUMNS": "80", "TMPDIR": str(directory)}
        self._mark = mark

    def start(self, name: str, *options: str) -> subprocess.Popen[str]:
        argv = [sys.executable, "-m", f"benchmarks.{name}", *options]
        pipe = subprocess.PIPE
        return subprocess.Popen(argv, cwd=ROOT, env=self._env, stdout=pipe, stderr=pipe, text=True)

    def run(self, name: str, *options: str) -> tuple[int, str, str]:
        with self.start(name, *options) as process:
            out, complaints = process.communicate(timeout=100)
            return process.returncode, out, complaints

    def left(self) -> list[str]:
        """Marked processes that live."""
        found = []
        for process in psutil.process_iter():
            try:
                if process.environ().get(MARK) == self._mark:
                    found.append(" ".join(process.cmdline()))
            except (psutil.NoSuchProcess, psutil.AccessDenied):
                continue
        return found


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(str(tmp_path), tmp_path)
    yield bench
    assert bench.left() == []
    assert list(tmp_path.glob("rrq-benchmark-*")) == []


def test_throughput_prints_every_row_and_writes_every_figure(bench: Bench, tmp_path: Path) -> None:
    figures = tmp_path / "figures.json"
    code, out, complaints = bench.run(
        "throughput", *SMALL["throughput"], "--seed", "7", "--json", str(figures)
    )
    assert code == 0, complaints
    rows = ["1 x 10 floor", "1 x 10 rrq_ref", "1 x 100 floor", "1 x 100 rrq_ref",
            "bare loop", "enqueue_many", "bare call", "SyncClient", "Client", "PING",
            "enqueue sent to claimed by floor", "enqueue sent to handler started",
            "throughput, of the floor's", "Redis CPU per job", "client calls per job",
            "bytes kept per finished job", "pick-up p50", "pick-up p99", "peak RSS",
            "bulk enqueue, of", "cpus", "server valkey", "seed 7"]  # fmt: skip
    plain = " ".join(out.split())
    assert [row for row in rows if row not in plain] == []
    written = json.loads(figures.read_text())
    assert [goal["met"] in (True, False) for goal in written["goals"]] == [True] * 8
    assert [case["contender"] for case in written["cases"]] == ["floor", "rrq_ref"] * 2
    for one in written["rounds"]:  # a claim and a completion for as many jobs as run at a time
        assert one["calls_per_job"] >= 2 / one["concurrency"]
    # Which of them is longer is no matter of a test: a busy machine holds up a handful of PINGs.
    assert list(written["enqueue_per_s"]) == ["bare call", "SyncClient", "Client"]
    assert all(one["median"] > 0 for one in written["enqueue_per_s"].values())
    late = written["latency_us"]
    assert 0 < late["bare_p50"] <= late["bare_p99"]
    assert 0 < late["ping_p50"] <= late["ping_p99"]
    assert 0 < late["pickup_p50"] <= late["pickup_p99"]
    measured = {goal["name"]: goal["measured"] for goal in written["goals"]}
    for name in ("p50", "p99"):
        times = late[f"pickup_{name}"] / late["ping_p50"]
        assert measured[f"pick-up {name}, of the median PING"] == pytest.approx(times, abs=0.01)


def test_all_ways_to_enqueue_make_the_same_jobs_as_a_client(url: str, admin: PlainRedis) -> None:
    hashes = []
    read: Any = admin
    for enqueue in (queue.enqueue_many, queue.enqueue_singly, queue.enqueue_bare, None):
        queue.prepare(admin)
        if enqueue is None:
            queue.fill(admin, 1)
        else:
            asyncio.run(enqueue(url, 1))
        (job_key,) = read.keys("rrq:job:*")
        stored = read.hgetall(job_key)
        assert b"rrq:job:" + stored.pop(b"id") == job_key
        del stored[b"enqueue_time"]
        hashes.append((stored, admin.zcard("rrq:queue:default")))
    assert [one == hashes[0] for one in hashes] == [True] * 4


def test_compare_measures_the_reference_and_a_peer_in_turn(bench: Bench, tmp_path: Path) -> None:
    figures, speed = tmp_path / "figures.json", tmp_path / "speed.md"
    files = ["--json", str(figures), "--page", str(speed)]
    code, out, complaints = bench.run("compare", *SMALL["compare"], *files)
    assert code == 0, complaints
    assert "not measured" not in out
    written = json.loads(figures.read_text())
    ours, huey = written["contenders"]
    assert (ours["name"], huey["name"], huey["version"]) == ("rrq_ref", "huey", "3.5.4")
    assert {"drain", "wide", "real", "many", "sync", "pickup"} == set(huey["rounds"])
    assert set(ours["rounds"]) == {*huey["rounds"], "asyn"}
    for one in (ours, huey):
        assert one["problem"] == ""
        for (figure,) in one["rounds"].values():
            if isinstance(figure, dict):  # its CPU time may be too little to be seen
                assert figure["jobs_per_s"] > 0 < figure["peak_rss_mb"]
            else:
                assert min(figure if isinstance(figure, list) else [figure]) > 0
    page = speed.read_text()
    assert page.startswith("# Speed\n\n## Beside other queues\n")
    rows = [line for line in page.splitlines() if line.startswith("| huey |")]
    assert [row.count(" - ") for row in rows] == [0, 1, 0, 0, 0]  # it has no async client


def test_growth_measures_each_axis_and_writes_a_section_and_a_picture(
    bench: Bench, tmp_path: Path
) -> None:
    figures, speed = tmp_path / "figures.json", tmp_path / "speed.md"
    speed.write_text("# Speed\n\n## Beside other queues\n\nThis stays.\n")
    files = ["--json", str(figures), "--page", str(speed)]
    code, out, complaints = bench.run("growth", *SMALL["growth"], *files)
    assert code == 0, complaints
    written = json.loads(figures.read_text())
    points = {
        "waiting": [10, 1_000], "queues": [1, 4], "workers": [1, 2], "results": [10, 1_000],
    }  # fmt: skip
    for axis, wanted in points.items():
        assert [row[axis] for row in written[axis]] == wanted
        for row in written[axis]:
            assert row["jobs_per_s"][0] > 0 < row["redis_us"][0]
            if axis != "results":
                assert 0 < row["pickup_p50_ms"][0] <= row["pickup_p95_ms"][0]
    for row in written["waiting"] + written["queues"]:
        assert row["single_per_s"][0] > 0 < row["bulk_per_s"][0]
    assert all("idle_calls_per_s" in row for row in written["workers"])
    # A million jobs waiting were not measured.
    assert [goal["met"] for goal in written["goals"]] == [None] * 5
    assert out.count("not measured") == 5
    page = speed.read_text()
    assert page.startswith(
        "# Speed\n\n## Beside other queues\n\nThis stays.\n\n## How cost grows\n"
    )
    (picture,) = re.findall(r"^!\[.*\]\((.*)\)$", page, re.MULTILINE)
    assert (tmp_path / picture).read_bytes().startswith(b"<?xml")


def test_wire_proxy_prints_both_ways_and_what_is_added(bench: Bench) -> None:
    code, out, complaints = bench.run("wire_proxy", *SMALL["wire_proxy"])
    assert code == 0, complaints
    rows = [words.split()[0] for words in out.splitlines() if words.strip()]
    assert rows.count("direct") == rows.count("proxy") == 1
    assert rows.count("added") == 2  # a row, and the goal


def test_judge_times_a_usual_history_and_a_long_one(bench: Bench, tmp_path: Path) -> None:
    figures = tmp_path / "figures.json"
    code, out, complaints = bench.run("judge", *SMALL["judge"], "--json", str(figures))
    assert code == 0, complaints
    assert {"usual", "long"} <= {line.split()[0] for line in out.splitlines() if line.strip()}
    written = json.loads(figures.read_text())
    usual, long = written["usual"], written["long"]
    assert (len(usual["seconds"]), len(long["seconds"])) == (2, 1)
    assert 5_000 <= long["events"] < max(5_000, usual["events"]) + usual["events"]
    assert min(*usual["seconds"], *long["seconds"], usual["peak_rss_mb"]) > 0
    assert [goal["met"] in (True, False) for goal in written["goals"]] == [True, False, False]


def test_durability_prints_what_each_way_of_waiting_costs(bench: Bench) -> None:
    code, out, complaints = bench.run(
        "durability", "--jobs", "20", "--singles", "1", "--rounds", "1"
    )
    assert code == 0, complaints
    rows = [words.strip() for words in out.splitlines()]
    for mode in ("none", "replicated", "fsynced here", "fsynced on both"):
        (row,) = [row for row in rows if row.startswith(f"{mode} ")]
        assert min(float(n.replace(",", "")) for n in row.removeprefix(mode).split()) >= 0
    code, _, complaints = bench.run("durability", "--redis", "redis://127.0.0.1:1")
    assert code == 2
    assert "was not started by the rig" in complaints


def test_a_strict_run_fails_when_a_goal_was_not_measured(bench: Bench) -> None:
    small = [*SMALL["throughput"], "--concurrency", "3"]
    code, out, _ = bench.run("throughput", *small, "--strict")
    assert code == 1
    assert "not measured" in out


@pytest.mark.parametrize(
    ("measured", "at_least", "met"),
    [(60, True, True), (59, True, False), (60, False, True), (61, False, False),
     (None, True, None), (None, False, None)],
)  # fmt: skip
def test_a_goal_is_a_bound_and_unmeasured_is_not_reached(
    measured: float | None, at_least: bool, met: bool | None
) -> None:
    goal = Goal(name="share", bound=60, measured=measured, at_least=at_least)
    assert goal.met is met
    assert reached([goal]) is bool(met)


@pytest.mark.parametrize("name", SMALL)
@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["--redis", "nonsense"], "'nonsense' names no server"),
        (["--redis", "redis://127.0.0.1:1"], "cannot be reached"),
        (["--json", "/no/such/place.json"], "there is no directory /no/such"),
        (["--seed", "x"], "'x' is not a valid integer"),
    ],
)
def test_bad_input_is_answered_with_one_sentence(
    name: str, options: list[str], complaint: str
) -> None:
    result = CliRunner().invoke(COMMANDS[name], [*SMALL[name], *options])
    assert (result.exit_code, result.stdout) == (2, "")
    sentence = result.stderr.strip().splitlines()[-1]
    assert complaint in sentence
    assert sentence.lower().startswith("error: ")


@pytest.fixture
def default_sigint() -> Iterator[None]:
    """Reset SIGINT: a background job may have it ignored, and a child would inherit that."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("default_sigint")
@pytest.mark.parametrize("name", SMALL)
def test_ctrl_c_leaves_nothing_behind(bench: Bench, name: str) -> None:
    long = {"throughput": [], "wire_proxy": [], "compare": ["--peers", "huey"], "judge": [],
            "growth": []}  # fmt: skip
    jobs = ["--jobs", "1000000"] if name in ("throughput", "compare") else []
    with bench.start(name, *long[name], *jobs) as process:
        deadline = time.monotonic() + 60
        while len(bench.left()) < 2:  # the server at least
            assert time.monotonic() < deadline
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        _, complaints = process.communicate(timeout=60)
    assert process.returncode == 128 + signal.SIGINT
    assert "interrupted by SIGINT" in complaints
