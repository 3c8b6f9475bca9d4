"""A project with tests of its own, which pytest runs in a process of its own."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

import chaos
import rrq_chaos_pytest
from chaos.checks import CheckResult
from tests.chaos.report.verdicts import verdict

ROOT = Path(__file__).parents[3]
NAIVE = "examples.naive_queue.target:TARGET"

#: A rig that writes down what it is asked for, and answers with the verdict in a file.
CANNED = """
import shutil
from pathlib import Path
from rrq_chaos_pytest import rig

HERE = Path(__file__).parent

def run(*words, cwd):
    with (HERE / "played.txt").open("a") as played:
        played.write(" ".join(words) + chr(10))
    Path(words[words.index("--out") + 1]).mkdir()
    shutil.copy(HERE / "verdict.json", words[words.index("--json") + 1])
    return "it said nothing"

rig.run = run
"""


class Project:
    """Its directory, and pytest in it."""

    def __init__(self, pytester: pytest.Pytester) -> None:
        self._pytester = pytester
        self.path = pytester.path

    def write(self, name: str, text: str) -> None:
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def answers(self, *checks: CheckResult, unknown: tuple[str, ...] = ()) -> None:
        """Let no run be played: each has this verdict."""
        self.write("verdict.json", json.dumps(verdict(*checks, unknown=unknown).to_json()))
        self.write("conftest.py", CANNED)

    @property
    def played(self) -> list[str]:
        """The words of each run."""
        return (self.path / "played.txt").read_text().splitlines()

    def pytest(self, *words: str) -> pytest.RunResult:
        strict = ("-W", "error", "-ra")
        return self._pytester.runpytest_subprocess("-p", "rrq_chaos_pytest", *strict, *words)


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Project:
    places = [Path(chaos.__file__).parents[1], Path(rrq_chaos_pytest.__file__).parents[1], ROOT]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(map(str, dict.fromkeys(places))))
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
    monkeypatch.setenv("COLUMNS", "500")
    return Project(pytester)
