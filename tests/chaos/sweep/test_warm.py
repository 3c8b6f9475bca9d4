"""Programs of a foreign queue that are forked warm do what they do when they start cold."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from chaos.rig.progress import Progress
from chaos.sweep.cell.play import play
from chaos.sweep.cells import CONNECT, Cell
from chaos.sweep.session import SweepOptions, _stages
from chaos.sweep.stage import Stage
from chaos.sweep.warm import warm
from chaos.targets import Command, Target, find_target

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="it signals through pidfds"),
]
NAME = "examples.two_programs.target:TARGET"


@contextmanager
def staged(target: Target, directory: Path) -> Iterator[Stage]:
    assert target.asks is not None
    target.asks.forget()
    options = SweepOptions(target=NAME, slots=1)
    with _stages(options, target, directory) as (stages, _):
        yield stages[0]


def warmed(stage: Stage, directory: Path, stack: ExitStack) -> str:
    """Warm the stage, if that can be. Returns what the user is told."""
    said = io.StringIO()
    stage.warm = warm(stage, directory, stack, Progress(Console(file=said, width=200)))
    return said.getvalue()


def clean_run(stage: Stage, directory: Path) -> list[str]:
    """The commands of a worker that nothing disturbs, until its job is done."""
    run = play(stage, Cell("succeeds"), directory)
    assert not run.trouble
    commands = run.commands
    return commands[: len(commands) - commands[::-1].index("BLPOP") - 1] if commands else []


def test_a_warm_worker_sends_the_commands_of_a_cold_one(tmp_path: Path) -> None:
    with staged(find_target(NAME), tmp_path) as stage, ExitStack() as stack:
        cold = clean_run(stage, tmp_path / "cold")
        assert "workers start warm" in warmed(stage, tmp_path, stack)
        assert stage.warm is not None
        assert clean_run(stage, tmp_path / "warm") == cold
        assert CONNECT in cold
        stage.producer.close()
        del stage.producer  # the next one is warm as well
        assert clean_run(stage, tmp_path / "both") == cold


@pytest.mark.parametrize(
    ("argv", "why"),
    [
        (["/bin/sh", "-c", "exec python -m examples.two_programs.worker"], "no Python program"),
        ([sys.executable, "-m", "no.such.worker"], "did not do its job"),
    ],
)
def test_workers_start_cold_where_nothing_can_be_warm(
    tmp_path: Path, argv: list[str], why: str
) -> None:
    target = replace(find_target(NAME), worker=Command(argv), again_within_s=0.1)
    with staged(target, tmp_path) as stage, ExitStack() as stack:
        assert why in warmed(stage, tmp_path, stack)
        assert stage.warm is None
