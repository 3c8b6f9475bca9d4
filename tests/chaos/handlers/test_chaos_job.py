"""The handler's side, in processes that have nothing of the rig but that one file."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import chaos.handlers
from chaos.handlers import Desk
from chaos.targets.asking import Asking

FILE = Path(chaos.handlers.__file__).parent / "on_path" / "chaos_job.py"


def run(program: str, desk: Desk | None) -> subprocess.CompletedProcess[str]:
    known = {"CHAOS_RIG": desk.address, "CHAOS_PROCESS": "worker-1"} if desk else {}
    return subprocess.run(
        [sys.executable, "-c", program],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(FILE.parent), **known},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def outcomes(history: Path) -> list[str]:
    lines = (history / "worker-1.jsonl").read_text().splitlines()
    return [event["outcome"] for event in map(json.loads, lines) if event["type"] == "end"]


def test_it_needs_python_3_8_and_nothing_else() -> None:
    tree = ast.parse(FILE.read_text(), feature_version=(3, 8))
    imported = {
        name.name if isinstance(node, ast.Import) else node.module
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in node.names
    }
    assert imported <= {*sys.stdlib_module_names, "__future__"}


@pytest.mark.parametrize("call", ["chaos_job.run(job)", "asyncio.run(chaos_job.run_async(job))"])
def test_a_handler_does_what_it_is_told(tmp_path: Path, call: str) -> None:
    program = f"""
import asyncio, chaos_job, threading
def handler(job):
    return {call}
print(handler({{"id": "good", "plan": {{"ms": 1, "result": {{"a": [1]}}}}}}))
try:
    handler('{{"id": "bad", "plan": {{"do": "fail", "times": 1}}}}')
except chaos_job.PlannedFailure as error:
    print(error)
thread = threading.Thread(target=handler, args=({{"id": "in a thread", "plan": {{}}}},))
thread.start()
thread.join()
"""
    with Desk(tmp_path, Asking()) as desk:
        done = run(program, desk)
    assert done.stdout.splitlines() == ["{'a': [1]}", "as the rig has asked for"], done.stderr
    assert outcomes(tmp_path) == ["ok", "error", "ok"]


def test_a_fork_asks_over_a_connection_of_its_own(tmp_path: Path) -> None:
    program = """
import chaos_job, os
job = {"id": "j1", "plan": {}}
chaos_job.run(job)
if os.fork() == 0:
    chaos_job.run(job)
    os._exit(0)
os.wait()
chaos_job.run(job)
"""
    with Desk(tmp_path, Asking()) as desk:
        done = run(program, desk)
    assert done.returncode == 0, done.stderr
    assert outcomes(tmp_path) == ["ok", "ok", "ok"]


def test_a_cancelled_handler_says_so(tmp_path: Path) -> None:
    program = """
import asyncio, chaos_job
async def main():
    task = asyncio.create_task(chaos_job.run_async({"id": "j1", "plan": {"do": "hang"}}))
    await asyncio.sleep(0.05)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
asyncio.run(main())
"""
    with Desk(tmp_path, Asking()) as desk:
        run(program, desk)
    assert outcomes(tmp_path) == ["cancelled"]


def test_a_variable_that_is_not_handed_on_is_named() -> None:
    done = run("import chaos_job; chaos_job.run({'id': 'j1', 'plan': {}})", None)
    assert "NotTold: CHAOS_RIG is not set" in done.stderr


def test_what_is_no_job_of_the_rig_is_refused(tmp_path: Path) -> None:
    with Desk(tmp_path, Asking()) as desk:
        done = run("import chaos_job; chaos_job.run('j1')", desk)
    assert "what the enqueue program was given" in done.stderr
