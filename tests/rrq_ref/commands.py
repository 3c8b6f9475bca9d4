"""Running `rrq_ref` commands: in this process, and as a command of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

import rrq_ref
from rrq_ref.__main__ import main
from rrq_ref.client import SyncClient
from rrq_ref.settings import Settings

#: The folder that this package is imported from: a source tree or site-packages.
ROOT = Path(rrq_ref.__file__).parents[1]


@dataclass(frozen=True)
class Printed:
    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()


Cli = Callable[..., Printed]


@pytest.fixture
def cli(url: str, capsys: pytest.CaptureFixture[str]) -> Cli:
    """Run one command against this test's server, in this process."""

    def run(*words: str, redis: str = url) -> Printed:
        try:
            code = main(["--redis", redis, *words])
        except SystemExit as left:  # argparse's own way out
            code = int(left.code or 0)
        return Printed(code, *capsys.readouterr())

    return run


@pytest.fixture
def plain(url: str) -> Iterator[SyncClient]:
    with SyncClient(Settings(redis_url=url)) as client:
        yield client


def handlers_in(folder: Path) -> None:
    (folder / "cli_handlers.py").write_text(
        "def double(context, number):\n    return 2 * number\n\nHANDLERS = {'double': double}\n"
    )


def command(folder: Path, *words: str) -> Printed:
    done = subprocess.run(
        [sys.executable, "-m", "rrq_ref", *words],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    return Printed(done.returncode, done.stdout, done.stderr)
