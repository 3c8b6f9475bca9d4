"""Only the child process that runs a job is killed."""

from __future__ import annotations

import os
import signal

from chaos.repro.inlined.server import CannotTry
from chaos.repro.inlined.stage import Stage, say


def play(stage: Stage) -> None:
    parent = stage.at_work({"do": "once", "ms": 600_000})
    stage.worker()
    child = stage.runs()[0].pid
    if child == parent.pid:
        raise CannotTry("the worker runs the job itself, and in no child process")
    say("script", f"SIGKILL to process {child}, which runs the job")
    os.kill(child, signal.SIGKILL)
    stage.watch()
