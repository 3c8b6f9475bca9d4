"""A worker stands still until another one runs its job, and then goes on."""

from __future__ import annotations

import signal

from chaos.repro.inlined.processes import signal_family
from chaos.repro.inlined.stage import Stage, say


def play(stage: Stage) -> None:
    zombie = stage.at_work({"do": "ok", "ms": 3_000})
    stage.worker()
    say("script", f"SIGSTOP to all processes of {zombie.name}")
    signal_family(zombie.pid, signal.SIGSTOP)
    stage.allow(stage.case.wait_s, lambda: len(stage.runs()) > 1)
    say("script", f"SIGCONT to all processes of {zombie.name}")
    signal_family(zombie.pid, signal.SIGCONT)
    stage.watch()
    stage.allow(3.5)  # for the other run, if any
