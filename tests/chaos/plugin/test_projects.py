"""The wheel in a project of its own, which has a package `chaos` as well."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from tests.chaos.plugin.conftest import ROOT

pytestmark = pytest.mark.slow

TESTS = """
import sys
import pytest
import chaos

@pytest.mark.chaos("kill_during_claim", jobs=12)
def test_my_queue(chaos_guarantee):
    chaos_guarantee.check()

def test_nothing_of_the_rig_is_here():
    assert chaos.WHOSE == "mine"
    assert not {"chaos.errors", "duckdb", "gevent", "click", "rrq_ref"} & {*sys.modules}
"""


@pytest.fixture(scope="session")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Python with our wheel: that of tox, or a new environment before this one's packages."""
    if (found := importlib.util.find_spec("chaos")) and "site-packages" in str(found.origin):
        return Path(sys.executable)
    place = tmp_path_factory.mktemp("wheel")
    source, wheels, home = place / "source", place / "wheels", place / "home"
    names = ("chaos", "rrq_ref", "pyproject.toml", "README.md", "LICENSE")
    source.mkdir()
    for name in names:
        if (ROOT / name).is_dir():
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(ROOT / name, source / name, ignore=ignored)
        else:
            shutil.copy(ROOT / name, source)
    run(sys.executable, "-m", "pip", "wheel", "--no-deps", "-q", "-w", str(wheels), str(source))
    run(sys.executable, "-m", "venv", "--without-pip", str(home))
    made = home / "bin" / "python"
    (wheel,) = wheels.glob("*.whl")
    words = ("--no-deps", "--no-index", "--no-compile", "-q", str(wheel))
    run(sys.executable, "-m", "pip", "--python", str(made), "install", *words)
    purelib = run(str(made), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip()
    (Path(purelib) / "ours.pth").write_text(sysconfig.get_path("purelib"))
    return made


def run(*words: str, cwd: Path | None = None, codes: tuple[int, ...] = (0,), **more: str) -> str:
    gone = ("PYTHONPATH", "PYTEST_ADDOPTS")
    env = {name: value for name, value in os.environ.items() if name not in gone} | more
    done = subprocess.run(words, cwd=cwd, env=env, capture_output=True, text=True, timeout=300)
    assert done.returncode in codes, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def project(tmp_path: Path) -> Path:
    place = tmp_path / "project"
    (place / "chaos").mkdir(parents=True)
    (place / "chaos" / "__init__.py").write_text('WHOSE = "mine"\n')
    (place / "test_queue.py").write_text(TESTS)
    (place / "pytest.ini").write_text(
        "[pytest]\naddopts = --strict-markers --strict-config -ra\nfilterwarnings = error\n"
        "chaos_target = examples.two_programs.target:TARGET\n"
    )
    shutil.copytree(ROOT / "examples", place / "examples")
    return place


@pytest.mark.parametrize("path", ["", "."])
def test_the_verdict_comes_to_a_project_with_a_package_of_that_name(
    path: str, python: Path, project: Path
) -> None:
    more = {"PYTHONPATH": path} if path else {}

    told = run(str(python), "-m", "pytest", cwd=project, codes=(1,), **more)

    assert "no-loss is BROKEN in " in told
    assert "rrq-chaos kill_during_claim --target examples.two_programs.target:TARGET" in told
    assert "::test_my_queue[kill_during_claim-no-loss] - " in told
    assert re.search(r"= 1 failed, \d passed, \d+ skipped in ", told)


def test_the_plugin_can_be_turned_off(python: Path, project: Path) -> None:
    (project / "test_queue.py").write_text("def test_it(chaos_play): pass\n")
    (project / "pytest.ini").unlink()
    told = run(*(str(python), "-m", "pytest", "-p", "no:rrq_chaos_pytest"), cwd=project, codes=(1,))
    assert "fixture 'chaos_play' not found" in told
