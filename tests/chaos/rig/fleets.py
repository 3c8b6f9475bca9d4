"""A fleet's parent, as the rig knows it, that is a small program of ours."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from chaos.history import Recorder
from chaos.processes import ProcessGroup
from chaos.rig.life import Life
from chaos.rig.worker import Worker
from chaos.targets import WorkerSettings


@contextmanager
def fleet_of(program: str, directory: Path) -> Iterator[Worker]:
    """The fleet `fleet-1`, whose parent runs this text of a Python program until the block ends."""
    history = directory / "history" / "fleet-1.jsonl"
    history.parent.mkdir()
    with ProcessGroup(grace_s=0.0) as group:
        command = [sys.executable, "-c", program]
        process = group.spawn(command, log=directory / "log", name="fleet-1")
        life = Life(
            name="fleet-1",
            role="fleet",
            burst=False,
            process=process,
            record=Recorder(directory / "rig.jsonl", "rig").write,
        )
        yield Worker(life, directory / "log", WorkerSettings(), [], history)
