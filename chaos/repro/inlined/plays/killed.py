"""A worker is killed while it runs a job."""

from __future__ import annotations

from chaos.repro.inlined.stage import Stage


def play(stage: Stage) -> None:
    victim = stage.at_work({"do": "once", "ms": 600_000})
    stage.worker()
    victim.kill()
    stage.watch()
