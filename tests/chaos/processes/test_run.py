"""Commands that are run into directories, for a limited time."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from chaos.processes import ProcessGroup, Run, wait_until


@pytest.fixture
def group() -> Iterator[ProcessGroup]:
    with ProcessGroup(grace_s=5.0) as group:
        yield group


def started(group: ProcessGroup, out: Path, program: str, limit_s: float = 60.0) -> Run:
    return Run.start(group, [sys.executable, "-c", program], out, name="it", limit_s=limit_s)


def test_it_is_told_its_directory_which_is_emptied_before(
    group: ProcessGroup, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    out.mkdir()
    (out / "old").touch()

    run = started(group, out, "import sys; print(sys.argv[1:])")

    assert wait_until(run.over, 20.0)
    assert not run.too_long
    assert not out.exists()
    assert run.process.log == tmp_path / "run.log"
    assert run.process.log.read_text() == f"['--out', '{out}']\n"


@pytest.mark.parametrize(("limit_s", "wanted"), [(0.0, True), (60.0, False)])
def test_it_is_ended_when_it_takes_too_long_or_is_not_wanted(
    limit_s: float, wanted: bool, group: ProcessGroup, tmp_path: Path
) -> None:
    run = started(group, tmp_path / "run", "import time; time.sleep(600)", limit_s)

    assert run.over(wanted=wanted)
    assert run.too_long is wanted
    assert not run.process.alive
