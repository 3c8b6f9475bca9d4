"""The commands that the wheel installs, started where somebody has a folder `chaos/` too."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import chaos
from tests.chaos.rig.running import LIMIT_S
from tests.loadtests.running import Locust

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

#: As a script in a `bin` directory: the current one is nowhere on the module path.
SCRIPT = "import sys; sys.argv[0] = 'rrq-chaos'; from chaos.cli import rrq_chaos; rrq_chaos()"
MINE = """
from dataclasses import replace
from chaos.targets.rrq_ref.target import TARGET as REFERENCE
TARGET = replace(REFERENCE, name="mine")
"""


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """A project with a target, and with a package that is called as ours."""
    place = tmp_path / "project"
    (place / "chaos").mkdir(parents=True)
    (place / "chaos" / "__init__.py").write_text("raise SystemExit('this is the wrong chaos')\n")
    (place / "mine.py").write_text(MINE)
    return place


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(Path(chaos.__file__).parents[1])}


def rrq_chaos(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """`rrq-chaos …`, as installed."""
    return subprocess.run(
        [sys.executable, "-P", "-c", SCRIPT, *words],
        cwd=cwd,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
    )


@pytest.mark.parametrize("name", ["rrq-chaos", "rrq-ref"])
def test_a_script_is_a_function_that_is_there(name: str) -> None:
    module, _, function = PROJECT["scripts"][name].partition(":")
    assert callable(getattr(importlib.import_module(module), function))


@pytest.mark.slow
@pytest.mark.parametrize(
    "words",
    [
        ("kill_during_claim", "--jobs", "10"),
        ("kill_during_finish", "--jobs", "60", "--runs", "2", "--at-once", "2"),
        ("sweep", "--cell", "succeeds/kill/claim.1/before-reply"),
    ],
)
def test_a_target_is_found_here_and_the_rig_is_not_looked_for_here(
    words: tuple[str, ...], here: Path
) -> None:
    report = here / "report.json"
    target = ("--target", "mine:TARGET", "--seed", "7", "--report", str(report))

    done = rrq_chaos(*words, *target, cwd=here)

    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads(report.read_text())
    for run in told if isinstance(told, list) else [told]:
        assert run["outcome"] == "pass"
        assert run["run"]["target"] == "mine"
        assert run["run"]["command"].startswith(f"rrq-chaos {words[0]} --target mine:TARGET ")


@pytest.mark.slow
def test_planted_bugs_are_found_from_here(here: Path) -> None:
    bug = ("--bug", "deferred_starts_at_once", "--seed", "3")

    done = rrq_chaos("planted", *bug, cwd=here)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 of 1 as they should be; seed 3" in done.stdout


def test_a_mistyped_command_is_answered_with_the_nearest(here: Path) -> None:
    for wrong, nearest in (("mixde", "mixed"), ("swep", "sweep"), ("failovr", "failover")):
        done = rrq_chaos(wrong, cwd=here)
        assert done.returncode == 2
        assert f"no command is named '{wrong}'; did you mean '{nearest}'?" in done.stderr
        assert "Traceback" not in done.stderr


def test_the_command_names_all_that_there_is(here: Path) -> None:
    done = rrq_chaos("--help", cwd=here)

    assert done.returncode == 0
    commands = done.stdout.partition("Commands:")[2].split()
    assert {"check", "list", "load", "planted", "sweep", "failover", "mixed"} <= set(commands)
    assert "Usage: rrq-chaos " in done.stdout


def test_a_package_that_is_missing_is_told_in_a_sentence(here: Path) -> None:
    gone = "import sys; sys.modules['click'] = None; "
    done = subprocess.run(
        [sys.executable, "-P", "-c", gone + SCRIPT, "list"],
        cwd=here,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
    )
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "pip install 'rrq-chaos[chaos]'" in done.stderr


@pytest.mark.slow
def test_the_load_test_is_where_the_command_says(here: Path) -> None:
    path = rrq_chaos("load", "--path", cwd=here).stdout.removesuffix("\n")
    target = ("--target", "mine:TARGET")
    words = ("--headless", "-t", "1s", "--fleet-workers", "1", *target, "SingleEnqueues")
    out = here / "run"
    with Locust(
        here, *words, "--out", str(out), files=path, cwd=here, environment={"PYTHONPATH": ""}
    ) as locust:
        assert locust.end() == 0, locust.text
        assert locust.verdicts() == ["PASS"]
    assert json.loads((out / "verdict.json").read_text())["run"]["target"] == "mine"


def test_the_command_says_how_to_call_locust(here: Path) -> None:
    path = rrq_chaos("load", "--path", cwd=here).stdout.removesuffix("\n")
    assert Path(path).is_file()
    assert f"locust -f {path} --headless" in rrq_chaos("load", cwd=here).stdout
