"""A worker is told to leave while it runs a job."""

from __future__ import annotations

import os
import signal

from chaos.repro.inlined.processes import signal_family
from chaos.repro.inlined.stage import Stage, say


def play(stage: Stage) -> None:
    leaver = stage.at_work({"do": "ok", "ms": 3_000})
    stage.worker()
    if stage.case.how == "leaving":
        say("script", f"SIGTERM to {leaver.name}")
        os.kill(leaver.pid, signal.SIGTERM)
    else:
        say("script", f"SIGINT to all processes of {leaver.name}")
        signal_family(leaver.pid, signal.SIGINT)
    stage.watch(more_s=3)
