"""Locust in front, the supervisor behind: whole runs, with real processes."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import urllib.parse
import urllib.request
from functools import partial
from pathlib import Path

import pytest

import loadtests
from chaos.servers.ports import free_port
from tests.loadtests.running import Locust

pytestmark = pytest.mark.slow

HEADLESS = ("--headless", "-u", "8", "-r", "8", "--only-summary")
#: Quick users, so that a run is over soon after its load.
BRISK = ("SingleEnqueues", "BulkEnqueues", "FailingJobs", "UniqueJobs")


#: The load test, and some more people.
FILES = f"{Path(loadtests.__file__).with_name('users.py')},{Path(__file__).with_name('people.py')}"


@pytest.fixture
def options(tmp_path: Path) -> tuple[str, ...]:
    """Options of a small run, and the place for its evidence."""
    return "--fleet-workers", "2", "--out", str(tmp_path / "run")


def ran(locust: Locust) -> bool:
    """True if a worker has started a job."""
    return '"type":"start"' in locust.history("fleet-*.jsonl")


def test_a_load_with_kills_passes_and_its_latencies_are_requests(
    tmp_path: Path, options: tuple[str, ...]
) -> None:
    words = (*options, *HEADLESS, "-t", "3s", "--chaos", "kill")
    with Locust(tmp_path, *words, "--json-file", str(tmp_path / "stats"), *BRISK) as locust:
        assert locust.end() == 0, locust.text
        assert locust.verdicts() == ["PASS"]
        assert "Shape" not in locust.text
    stats = json.loads((tmp_path / "stats.json").read_text())
    counts = {(row["method"], row["name"]): row["num_requests"] for row in stats}
    assert counts["enqueue", "single"] > 0
    assert counts["start", "single"] == counts["enqueue", "single"] == counts["commit", "single"]
    assert counts["start", "bulk"] == 100 * counts["enqueue", "bulk"]
    verdict = json.loads((tmp_path / "run" / "verdict.json").read_text())
    assert any(fault["kind"] == "kill" and fault["landed"] for fault in verdict["faults"])
    assert "--chaos kill" in verdict["run"]["command"]


def test_a_load_that_enqueues_nothing_is_unknown(tmp_path: Path, options: tuple[str, ...]) -> None:
    with Locust(tmp_path, *options, *HEADLESS, "-t", "1s", "Idler", files=FILES) as locust:
        assert locust.end() == 3, locust.text
        assert locust.verdicts() == ["UNKNOWN"]
        assert "no enqueue was acknowledged" in locust.text


def test_a_lost_job_fails_a_run_with_which_locust_was_content(
    tmp_path: Path, options: tuple[str, ...]
) -> None:
    target = ("--target", "tests.chaos.rig.forgetful:TARGET")
    shape = ("--shape", "ramp-spike", "-t", "2s")
    with Locust(tmp_path, *options, *HEADLESS, *target, *shape, "BulkEnqueues") as locust:
        assert locust.end() == 1, locust.text
        assert locust.verdicts() == ["FAIL"]
        assert "0(0.00%)" in locust.text  # of its requests none had failed
        assert "Shape test updating to 8 users" in locust.text
    verdict = json.loads((tmp_path / "run" / "verdict.json").read_text())
    assert "lost" in {check["anomaly"] for check in verdict["checks"] if check["broken"]}


def test_the_web_page_starts_and_stops_and_there_is_one_verdict(
    tmp_path: Path, options: tuple[str, ...]
) -> None:
    port = free_port()

    def post(path: str, **form: object) -> None:
        data = urllib.parse.urlencode(form).encode()
        url = f"http://127.0.0.1:{port}{path}"
        with urllib.request.urlopen(url, data, timeout=30) as answer:
            assert json.load(answer)["success"]

    page = ("--web-host", "127.0.0.1", "--web-port", str(port))
    with Locust(tmp_path, *options, *page, *BRISK) as locust:
        locust.wait_for("the web page", lambda: "Starting web interface" in locust.text)
        locust.wait_for("the fleet", lambda: "fleet-1 started" in locust.text)
        locust.wait_for("the page's port", lambda: _listens(port))
        for chaos, shape in (("none", "none"), ("kill", "ramp-spike")):
            before = locust.history("fleet-*.jsonl")
            post("/swarm", user_count=8, spawn_rate=8, chaos=chaos, shape=shape, fleet_workers=5)
            locust.wait_for("work", partial(_has_grown, locust, len(before)))
            if chaos == "kill":
                locust.wait_for("a kill", lambda: '"kind":"kill"' in locust.history("rig.jsonl"))
            post("/stop")
        locust.signal(signal.SIGTERM)
        assert locust.end() == 0, locust.text
        assert locust.verdicts() == ["PASS"]
        assert "--fleet-workers was fixed when Locust started: it stays 2" in locust.text
        assert "Shape test updating" in locust.text


def _has_grown(locust: Locust, length: int) -> bool:
    return len(locust.history("fleet-*.jsonl")) > length


def _listens(port: int) -> bool:
    try:
        urllib.request.urlopen(f"http://127.0.0.1:{port}/worker-count", timeout=5).close()
    except OSError:
        return False
    return True


def test_forked_workers_end_their_calls_and_sigterm_brings_one_verdict(
    tmp_path: Path, options: tuple[str, ...]
) -> None:
    words = (*options, *HEADLESS, "-u", "2", "--processes", "2", "Eager")
    history = tmp_path / "run" / "history"
    with Locust(tmp_path, *words, files=FILES) as locust:
        locust.wait_for("both", lambda: len(list(history.glob("producer-*.jsonl"))) == 2)
        locust.wait_for("work", lambda: ran(locust))
        locust.signal(signal.SIGTERM)
        assert locust.end() == 0, locust.text
        assert locust.verdicts() == ["PASS"]
    verdict = json.loads((tmp_path / "run" / "verdict.json").read_text())
    assert verdict["counts"]["uncertain"] == 0


def test_master_and_worker_may_be_started_apart_and_ctrl_c_ends_them(
    tmp_path: Path, options: tuple[str, ...]
) -> None:
    port = str(free_port())
    with (
        Locust(tmp_path, *options, *HEADLESS, "--master", "--master-bind-port", port) as master,
        Locust(tmp_path, "--worker", "--master-port", port) as worker,
    ):
        master.wait_for("work", lambda: ran(master))
        master.signal(signal.SIGINT)
        assert master.end() == 0, master.text
        assert master.verdicts() == ["PASS"]
        assert worker.end() == 0, worker.text
        assert worker.verdicts() == []


def test_a_killed_locust_leaves_no_process_not_even_a_paused_one(
    tmp_path: Path, options: tuple[str, ...]
) -> None:
    with Locust(tmp_path, *options, *HEADLESS, "--chaos", "pause", "LongJobs") as locust:
        locust.wait_for("a pause", lambda: '"kind":"pause"' in locust.history("rig.jsonl"))
        locust.signal(signal.SIGKILL)
        assert locust.end() == -signal.SIGKILL


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--chaos", "storm"), "invalid choice: 'storm'"),
        (("--redis", "nowhere"), "'nowhere' names no server"),
        (("--redis", "redis://127.0.0.1:1"), "redis://127.0.0.1:1"),
        (("--target", "nobody"), "no target is named 'nobody'"),
        (("--fleet-workers", "0"), "'0' is not a number from 1 upwards"),
    ],
)
def test_bad_options_get_one_sentence_and_exit_code_2(
    tmp_path: Path, options: tuple[str, ...], words: tuple[str, ...], sentence: str
) -> None:
    with Locust(tmp_path, *options, *HEADLESS, "-t", "1s", *words) as locust:
        assert locust.end() == 2, locust.text
        lines = [line for line in locust.text.splitlines() if not line.startswith("[")]
        assert len(lines) == 1
        assert sentence in lines[0]
    assert not (tmp_path / "run").exists()


def test_the_shape_ramps_to_half_spikes_once_and_ends() -> None:
    # In a process of its own, because locust rewires the standard library when it is imported.
    code = """
from chaos.load.generator.shape import RampWithSpike, users_at
assert RampWithSpike.abstract
print([users_at(n / 20, 100) for n in range(21)])
"""
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    counts = [int(word) for word in re.findall(r"\d+", found.stdout)]
    assert counts == [10, 10, 20, 20, 30, 30, 40, 40, 50, 50, 100, 100] + 8 * [50]
    assert found.stdout.rstrip().endswith("None]")
