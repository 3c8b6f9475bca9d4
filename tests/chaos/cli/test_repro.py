"""`rrq-chaos repro` writes two files, or says in one sentence why not."""

from __future__ import annotations

from pathlib import Path

import pytest

from chaos.cli.group import command
from tests.chaos.questions.test_answers import Told
from tests.chaos.repro.told import question

LOST = Told().run(1, 1).fault(2).until(27)


def told(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[object, str, str]:
    with pytest.raises(SystemExit) as left:
        command.main(["repro", *map(str, words)], standalone_mode=False)
    out, err = capsys.readouterr()
    return left.value.code, out, err


def test_two_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = question(tmp_path / "run", "killed", LOST, "huey")
    code, out, _ = told(capsys, run, "--out", tmp_path / "out")
    assert code == 0
    files = sorted((tmp_path / "out").iterdir())
    assert [path.name for path in files] == ["huey_killed.md", "huey_killed.py"]
    assert all(str(path) in out for path in files)


def test_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = told(capsys, tmp_path, "--out", tmp_path / "out")
    assert code == 2
    assert err.startswith("error: ")
    assert "neither the answer of a question nor the results of a sweep" in err
    assert len(err.splitlines()) == 1
    ours = question(tmp_path / "ours", "killed", LOST, "rrq_ref")
    code, _, err = told(capsys, ours, "--out", tmp_path / "out")
    assert (code, "rrq_ref is not made of two programs" in err) == (2, True)
    assert not (tmp_path / "out").exists()
