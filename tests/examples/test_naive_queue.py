"""The naive queue works, knows nothing of the rig, and loses jobs before its eyes."""

from __future__ import annotations

import ast
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import pytest
from redis import Redis

import chaos
from examples.naive_queue.queue import Queue
from tests.examples.conftest import NaiveRun

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "naive_queue"


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


@pytest.mark.parametrize("name", ["__init__", "queue", "worker"])
def test_the_queue_knows_nothing_of_the_rig(name: str) -> None:
    assert not [module for module in imports(EXAMPLE / f"{name}.py") if "chaos" in module]


@pytest.mark.parametrize(("name", "most"), [("queue", 65), ("target", 60)])
def test_both_are_as_short_as_the_page_says(name: str, most: int) -> None:
    assert len((EXAMPLE / f"{name}.py").read_text().splitlines()) <= most


def test_its_worker_does_jobs_until_it_is_told_to_stop(url: str, admin: Redis) -> None:
    queue = Queue(url)
    worker = subprocess.Popen(
        [sys.executable, "-u", "-m", "examples.naive_queue.worker", url],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    try:
        job = queue.push("greet", {"name": "Ann"})
        assert worker.stdout is not None
        assert worker.stdout.readline() == "hello, Ann\n"
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(30) == 0
        assert (queue.waiting(), queue.results()) == ([], {job: {"ok": None}})
    finally:
        worker.kill()
        worker.communicate()
        queue.clean()
        queue.close()


@pytest.mark.slow
def test_it_loses_a_job_and_the_rig_tells_its_story(naive: NaiveRun) -> None:
    verdict = json.loads((naive.directory / "verdict.json").read_text())
    broken = {each["anomaly"]: each["broken"] for each in verdict["checks"] if each["broken"]}
    # Two of six are killed before their claim is sent, and take no job along. Two are killed right
    # after its reply: on a busy machine they may get a job done before they are dead.
    # That nobody came for a job whose handler had begun is no promise of this queue.
    assert broken.keys() - {"late-redelivery"} == {"lost"}
    assert 2 <= broken["lost"] <= 4
    lost, *lines = naive.done.stdout.split("the story of ")[1].split("\n\n")[0].splitlines()
    story = [line.split(" ms  ")[1] for line in lines]
    # It was killed as soon as it had the job; its handler may have begun, or even ended.
    story = [line for line in story if "the handler " not in line]
    victim = next(line.split()[0] for line in story if "claimed" in line)
    fault = f"rig        FAULT: kill of {victim} at claim/"
    assert [line.removesuffix("before-reply").removesuffix("after-reply") for line in story] == [
        "producer   enqueue sent",
        "producer   enqueue acknowledged",
        f"{victim}   claimed: taken off the queue",
        fault,
        "rig        in the end it is missing",
    ]
    page = (naive.directory / "timeline.html").read_text()
    drawn = json.loads(page.split('id="data">')[1].split("</script>")[0])
    (job,) = [job for job in drawn["jobs"] if job["id"] == lost]
    assert [line["text"] for line in job["story"]] == [
        line.split(" ms  ")[1].split(maxsplit=1)[1] for line in lines
    ]
    (bar,) = [bar for bar in drawn["bars"] if drawn["jobs"][bar["job"]] == job]
    assert bar["fate"] in ("unstarted", "died", "ok")


@pytest.mark.slow
def test_what_it_does_not_show_is_not_known(naive: NaiveRun) -> None:
    told = json.loads((naive.directory / "run.json").read_text())
    assert told["offers"] == ["completions", "jobs", "wire"]
    checks = json.loads((naive.directory / "verdict.json").read_text())["checks"]
    assert {check["guarantee"] for check in checks if check["status"] == "not known"} == {
        *("effects-once", "faithful", "fenced", "lease", "retry-once"),
        *("quiescent", "state", "visible"),
    }
    reason = "its attempts have no fencing tokens"
    assert f"fenced: {reason} (zombie-write)" in naive.done.stdout
    assert f"not known: {reason}" in naive.junit.read_text()
    assert reason in (naive.directory / "timeline.html").read_text()


def test_chaos_says_that_it_is_typed() -> None:
    assert (files("chaos") / "py.typed").is_file()


@pytest.mark.slow
def test_a_users_target_passes_a_strict_type_checker(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("mypy")
    installed = Path(chaos.__file__).parents[1]
    if installed.name != "site-packages":  # else it is found, if it says that it is typed
        links = tmp_path / "site"
        links.mkdir()
        for package in ("chaos", "rrq_ref"):
            (links / package).symlink_to(installed / package)
        monkeypatch.setenv("MYPYPATH", str(links))
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    tool = [sys.executable, "-m", "mypy", "--strict", "--config-file", os.devnull]

    def check() -> subprocess.CompletedProcess[str]:
        words = [*tool, "--cache-dir", str(tmp_path / "cache"), "-p", "examples.naive_queue"]
        return subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, timeout=300)

    done = check()
    assert done.returncode == 0, done.stdout + done.stderr
    target = tmp_path / "examples" / "naive_queue" / "target.py"
    target.write_text(target.read_text().replace("def backlog(self) -> int:", "def backlog(self):"))
    wrong = check().stdout
    assert "target.py" in wrong
