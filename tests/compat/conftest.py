"""RRQ's own packages, each in an environment of its own, named by environment variables."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import rrq_ref

HERE = Path(__file__).parent
#: The folder that the reference is imported from: a source tree or site-packages.
ROOT = Path(rrq_ref.__file__).parents[1]

HANDLERS = """
from rrq_ref import RetryJob

def echo(context, *args, **kwargs):
    return {"args": args, "kwargs": kwargs, "attempt": context.attempt}

async def nothing(context):
    return None

def fails(context, times):
    if context.attempt <= times:
        raise RetryJob(f"failure {context.attempt}", delay_s=0)
    return context.attempt

HANDLERS = {"echo": echo, "nothing": nothing, "fails": fails}
"""


@dataclass(frozen=True)
class RRQ:
    """A release's own client: `rrq("enqueue", function="echo")`, in a process of its own."""

    version: str
    python: str
    url: str

    def __call__(self, command: str, **options: Any) -> Any:
        script = HERE / f"rrq_{self.version.replace('.', '_')}.py"
        done = subprocess.run(
            [self.python, script, self.url, command, json.dumps(options)],
            env={"PATH": os.defpath},
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


def _client(version: str, url: str) -> RRQ:
    variable = f"RRQ_{version.replace('.', '')}_PYTHON"
    python = os.environ.get(variable)
    if not python:
        pytest.skip(f"{variable} names no Python that has rrq {version}; tox -e rrq makes one")
    return RRQ(version, python, url)


@pytest.fixture(params=["0.8.1", "0.11.1"])
def rrq(request: pytest.FixtureRequest, url: str) -> RRQ:
    return _client(request.param, url)


@pytest.fixture
def rrq_081(url: str) -> RRQ:
    return _client("0.8.1", url)


@pytest.fixture
def rrq_0111(url: str) -> RRQ:
    return _client("0.11.1", url)


@pytest.fixture
def work(url: str, tmp_path: Path) -> Callable[[], None]:
    """Run a real worker process of the reference until no work is left."""
    (tmp_path / "compat_handlers.py").write_text(HANDLERS)
    words = ["--redis", url, "worker", "--handlers", "compat_handlers"]

    def burst() -> None:
        done = subprocess.run(
            [sys.executable, "-m", "rrq_ref", *words, "--num-workers", "1", "--burst"],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr

    return burst
