"""A mistyped option or setting fails in a type checker, before anything runs."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from dataclasses import fields
from pathlib import Path
from typing import get_type_hints

import pytest

import rrq_ref
from rrq_ref.job import NewJob, Options

ROOT = Path(rrq_ref.__file__).parents[1]
#: Lines that end in `# wrong` must be complained about, and no others.
SNIPPET = """
from datetime import timedelta
from rrq_ref import Client, NewJob, Settings, SyncClient

async def enqueue(client: Client, plain: SyncClient) -> None:
    job = await client.enqueue("send", "ada", 2, max_retries=3, defer_by=timedelta(minutes=5))
    print(job.id, plain.enqueue("send", kwargs={"copies": 2}, queue=None).status)
    await client.enqueue("send", max_retrys=3)  # wrong
    await client.enqueue("send", max_retries="3")  # wrong
    await client.enqueue("send", copies=2)  # wrong
    await client.enqueue("send", defer_by=5)  # wrong
    plain.enqueue("send", jobid="a")  # wrong
    plain.enqueue(7)  # wrong
    sizes: dict[str, dict[str, int]] = await client.queues()
    print(sizes, await client.enqueue_many([NewJob(function="send", job_id="a")]))
    NewJob(function="send", jobid="a")  # wrong

Settings(concurrency=3)
Settings(concurency=3)  # wrong
Settings(concurrency="3")  # wrong
"""


def complaints(tool: list[str], folder: Path) -> set[int]:
    """The lines of the snippet that a type checker complains about."""
    (folder / "snippet.py").write_text(SNIPPET)
    done = subprocess.run(
        [*tool, "snippet.py"], cwd=folder, capture_output=True, text=True, timeout=300
    )
    found = re.findall(r"snippet\.py:(\d+)(?::\d+)*:? -? ?error", done.stdout)
    assert found, done.stdout + done.stderr
    return set(map(int, found))


WRONG = {n for n, line in enumerate(SNIPPET.splitlines(), 1) if line.endswith("# wrong")}


def test_mypy_finds_what_is_mistyped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("mypy")
    if ROOT.name != "site-packages":  # else it is installed, and found
        monkeypatch.setenv("MYPYPATH", str(ROOT))
    tool = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path / "cache")]
    assert complaints(tool, tmp_path) == WRONG


def test_pyright_finds_what_is_mistyped(tmp_path: Path) -> None:
    if shutil.which("pyright") is None:
        pytest.skip("there is no pyright here")
    (tmp_path / "pyrightconfig.json").write_text(f'{{"extraPaths": ["{ROOT}"]}}')
    tool = ["pyright", "--pythonpath", sys.executable]
    assert complaints(tool, tmp_path) == WRONG


def test_the_options_are_those_of_a_new_job() -> None:
    names = {field.name for field in fields(NewJob)} - {"function", "args"}
    assert names == set(Options.__annotations__)
    hints = get_type_hints(NewJob)
    assert get_type_hints(Options) == {name: hints[name] for name in names}
