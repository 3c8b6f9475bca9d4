"""The action for GitHub: its shell steps, run here as a runner runs them."""

from __future__ import annotations

import os
import re
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.chaos.rig.running import LIMIT_S

ROOT = Path(__file__).parents[3]
PATH = ROOT / ".github" / "actions" / "rrq-chaos" / "action.yml"
NAIVE = "examples.naive_queue.target:TARGET"
EXPRESSION = re.compile(r"\$\{\{\s*(.+?)\s*\}\}")

pytestmark = pytest.mark.slow


def action() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(PATH.read_text())
    return loaded


class Runner:
    """Runs the steps of the action that are scripts, with files of its own."""

    def __init__(self, path: Path, **inputs: str) -> None:
        self.summary, self.outputs, self.temp = path / "summary.md", path / "outputs", path / "temp"
        self.temp.mkdir(parents=True)
        bin_ = path / "bin"
        bin_.mkdir()
        (bin_ / "python").symlink_to(sys.executable)
        program = bin_ / "rrq-chaos"  # as pip makes it, for a tree that is not installed
        call = "from chaos.cli import rrq_chaos; rrq_chaos()"
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -P -c "{call}" "$@"\n')
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        self._path = f"{bin_}{os.pathsep}{os.environ['PATH']}"
        given = {name: about.get("default") for name, about in action()["inputs"].items()}
        self._values = {f"inputs.{name}": value for name, value in {**given, **inputs}.items()}
        self._values["runner.temp"] = str(self.temp)

    def value(self, text: str) -> str:
        """A text with its expressions replaced."""
        return EXPRESSION.sub(lambda found: str(self._values[found[1]]), text)

    def run(self, name: str) -> subprocess.CompletedProcess[str]:
        (step,) = (one for one in action()["runs"]["steps"] if one.get("name") == name)
        assert step["shell"] == "bash"
        assert not EXPRESSION.search(step["run"]), "an input in a script is run as a script"
        env = {
            **os.environ,
            **{name: self.value(value) for name, value in step["env"].items()},
            "PATH": self._path,
            "PYTHONPATH": str(ROOT),
            "GITHUB_STEP_SUMMARY": str(self.summary),
            "GITHUB_OUTPUT": str(self.outputs),
        }
        return subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
            cwd=ROOT / self.value(step.get("working-directory", ".")),
            env=env,
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
        )


def test_the_steps_install_run_and_keep_the_evidence() -> None:
    steps = action()["runs"]["steps"]
    uses = [step.get("uses", "").partition("@")[0] for step in steps]
    assert uses == ["actions/setup-python", "", "", "actions/upload-artifact"]
    assert steps[-1]["if"] == "always()"
    assert steps[-1]["with"]["path"] == steps[2]["env"]["RUN"]
    for output in action()["outputs"].values():
        assert output["value"] == f"${{{{ steps.{steps[2]['id']}.outputs.exit-code }}}}"


def test_what_is_given_is_installed(tmp_path: Path) -> None:
    done = Runner(tmp_path, package="pip").run("Install the rig")  # which is there
    assert done.returncode == 0, done.stderr
    failed = Runner(tmp_path / "b", package="./no such wheel.whl").run("Install the rig")
    assert failed.returncode != 0


@pytest.mark.parametrize(
    ("target", "code", "outcome"), [("rrq_ref", 0, "PASS"), (NAIVE, 1, "FAIL")]
)
def test_a_run_leaves_its_exit_code_its_summary_and_its_directory(
    target: str, code: int, outcome: str, tmp_path: Path
) -> None:
    command = f'kill_during_claim --target "{target}"\n--seed 7 --workers 3'
    runner = Runner(tmp_path, command=command)
    done = runner.run("Run the rig")
    assert done.returncode == code, done.stdout + done.stderr
    assert runner.outputs.read_text() == f"exit-code={code}\n"
    text = runner.summary.read_text()
    assert f" kill_during_claim: {outcome}\n" in text
    assert "6 of 6 landed" in text
    assert f"--target {target} --seed 7 --workers 3" in text
    assert ("is missing at the end" in text) == bool(code)
    assert (runner.temp / "rrq-chaos-run" / "verdict.json").is_file()


@pytest.mark.parametrize("command", ["no_scenario", "mixed --nothing 'a b'", "mixed $(touch it)"])
def test_wrong_words_are_no_script_and_the_exit_code_says_so(command: str, tmp_path: Path) -> None:
    runner = Runner(tmp_path, command=command, **{"working-directory": str(tmp_path)})
    done = runner.run("Run the rig")
    assert done.returncode == 2, done.stdout + done.stderr
    assert runner.outputs.read_text() == "exit-code=2\n"
    assert not (tmp_path / "it").exists()
