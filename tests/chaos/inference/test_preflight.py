"""A clean run: what is inferred from it, and what it says of a target that cannot work."""

from __future__ import annotations

from io import StringIO
from pathlib import Path
from typing import IO

import pytest
from rich.console import Console

from chaos.errors import ChaosError
from chaos.inference import Inferred, clean_run, watch
from chaos.inference.known import CLEAN, with_wire
from chaos.rig.options import Options
from chaos.rig.progress import Progress

pytestmark = pytest.mark.slow


def watched(name: str, path: Path, said: IO[str] | None = None) -> Inferred:
    options = Options(target=f"tests.chaos.inference.mistakes:{name}", out=path / "run")
    console = Console(quiet=True) if said is None else Console(file=said, width=200)
    return watch(CLEAN.setup(options), Progress(console))


def test_a_queue_that_is_a_list(tmp_path: Path) -> None:
    said = StringIO()
    assert [*watched("SOUND", tmp_path, said).lines()] == [
        "claim: BLPOP jobs",
        "finish: HSET results",
        "bury: HSET results",
        "refresh: it did not come up",
        "retry: it did not come up",
        "a job that is completed leaves results",
        "a job that is dead leaves results",
        "a job that is held leaves nothing",
        "again: a dead worker's job is started again within 1.0 s",
    ]
    assert "worker-2 started" in said.getvalue()
    assert "nobody ended it" not in said.getvalue()  # its workers die of the rig's SIGTERM


def test_a_job_that_does_not_come_back_is_not_told_as_one_that_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clean_run, "AGAIN_S", 1.0)
    *_, last = watched("UNMEASURED", tmp_path).lines()
    assert last == "again: a dead worker's job was not started again within 1.0 s"


@pytest.mark.parametrize(
    ("name", "right"),
    [
        ("SILENT", r"was taken by worker-1 \(BLPOP\).*call `chaos_job.run"),
        ("NO_END", "did not say how it ended: call `chaos_job.end"),
        ("WRONG_JOB", "what the enqueue program was given, whole"),
        ("OTHER_QUEUE", r"was enqueued \(RPUSH\).*does it serve the queue"),
        ("IGNORES_URL", "no command to the server names it"),
        ("CRASHES", "has left before it was ready.*No module named 'nothing_of_this_name'"),
        ("LEAVES", "has left before it was ready.*nothing to do"),
        ("NO_COMMAND", "no-such-program"),
        ("NO_ID", "an empty line in place of an id"),
        ("NO_PROGRAM", "enqueue program ./no-such-program cannot be started"),
    ],
)
def test_a_natural_mistake_is_told_in_one_sentence(
    name: str, right: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clean_run, "_PATIENCE_S", 2.0)
    with pytest.raises((ChaosError, OSError), match=right) as told:
        watched(name, tmp_path)
    assert "\n" not in str(told.value)


def test_moments_that_are_given_are_checked(tmp_path: Path) -> None:
    options = Options(target="tests.chaos.inference.mistakes:UNKNOWN_MOMENT", out=tmp_path / "run")
    with pytest.raises(ChaosError, match="'clam', which is no moment: there are claim"):
        with_wire(CLEAN.setup(options), Progress(Console(quiet=True)))
