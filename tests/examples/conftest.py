"""One run of the naive queue, as the README has it, for all tests that look at it."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.chaos.rig.running import run


@dataclass(frozen=True, slots=True, kw_only=True)
class NaiveRun:
    """What it printed, and where it left its files."""

    done: subprocess.CompletedProcess[str]
    directory: Path
    junit: Path


@pytest.fixture(scope="session")
def naive(tmp_path_factory: pytest.TempPathFactory) -> NaiveRun:
    place = tmp_path_factory.mktemp("naive")
    directory, junit = place / "run", place / "junit.xml"
    words = ("--target", "examples.naive_queue.target:TARGET", "--seed", "7")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COLUMNS", "100")
        done = run(
            "chaos.kill_during_claim", *words, "--out", str(directory), "--junit", str(junit)
        )
    assert done.returncode == 1, done.stdout + done.stderr
    return NaiveRun(done=done, directory=directory, junit=junit)
