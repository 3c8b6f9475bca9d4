"""The rig as the plugin starts it: which `chaos` it imports, what there is, and how it ends."""

from __future__ import annotations

import ast
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

import psutil
import pytest

import rrq_chaos_pytest
from chaos.cli.catalogue import scenarios
from chaos.guarantees import GUARANTEES
from rrq_chaos_pytest import rig, runs
from tests.chaos.rig.running import survivors


def test_it_knows_every_guarantee_and_every_scenario() -> None:
    assert tuple(GUARANTEES) == runs.GUARANTEES
    assert rig.names() == [*(scenario.name for scenario in scenarios()), "sweep"]


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


def test_the_plugin_imports_nothing_but_pytest_and_python() -> None:
    files = [*Path(rrq_chaos_pytest.__file__).parent.glob("*.py")]
    names = {name.partition(".")[0] for path in files for name in imported(path)}
    assert names - {*sys.stdlib_module_names} == {"pytest", "rrq_chaos_pytest"}


WHOSE = "import chaos, sys; print(chaos.__file__); import mine"


@pytest.mark.parametrize("python_path", [False, True])
def test_it_is_ours_where_somebody_has_a_package_of_that_name(
    python_path: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "chaos").mkdir()
    (tmp_path / "chaos" / "__init__.py").write_text("raise SystemExit('this is the wrong chaos')")
    (tmp_path / "mine.py").write_text("print('and a target is found')")
    if python_path:
        given = [str(tmp_path), *filter(None, [os.environ.get("PYTHONPATH")])]
        monkeypatch.setenv("PYTHONPATH", os.pathsep.join(given))
    monkeypatch.syspath_prepend(tmp_path)
    ours = rig.ROOT / "chaos" / "__init__.py"
    done = in_its_process([sys.executable, "-P", "-c", WHOSE], tmp_path)
    assert done.stdout.splitlines() == [str(ours), "and a target is found"], done.stderr
    done = in_its_process(rig.command("check", "nowhere"), tmp_path)
    assert done.returncode == 3
    assert "nowhere" in done.stderr


def in_its_process(words: list[str], cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        words, cwd=cwd, env=rig.environment(), capture_output=True, text=True, timeout=60
    )


def test_other_places_of_the_module_path_stay_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "theirs").mkdir()
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "chaos.py").touch()
    places = [str(tmp_path / name) for name in ("theirs", "bad")]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(places))
    found = rig.environment()["PYTHONPATH"].split(os.pathsep)
    assert places[0] in found
    assert places[1] not in found


SLOW_TO_LEAVE = """
import signal, sys, time
def leave(*_):
    time.sleep(0.5)
    open(sys.argv[1], "w").write("left")
    raise SystemExit
signal.signal(signal.SIGTERM, leave)
print(flush=True)
time.sleep(60)
"""


class Late(Exception):
    """A time-out of the test's own, as plugins for time-outs raise one."""


def test_a_rig_ends_with_whoever_waits_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = tmp_path / "left"
    words = [sys.executable, "-c", SLOW_TO_LEAVE, str(left)]
    monkeypatch.setattr(rig, "command", lambda *_: words)

    def late(_number: int, _frame: FrameType | None) -> None:
        raise Late

    others = psutil.Process().children()  # such as the server of the tests before
    before = signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, 1.5)
    try:
        with pytest.raises(Late):
            rig.run("kill_during_claim", cwd=tmp_path)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert left.read_text() == "left"
    assert survivors([p for p in psutil.Process().children() if p not in others]) == []


def test_the_last_sentence_is_what_is_wrong() -> None:
    usage = ["Usage: chaos sweep [OPTIONS]", "", "Error: No such option: --spede"]
    assert rig.last_sentence(usage) == "No such option: --spede"
    assert rig.last_sentence(["error: there is no server", ""]) == "there is no server"
    assert rig.last_sentence([]) == "it said nothing"
