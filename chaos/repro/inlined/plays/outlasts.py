"""A job takes much longer than a dead worker's job takes to come back."""

from __future__ import annotations

from chaos.repro.inlined.stage import Stage


def play(stage: Stage) -> None:
    stage.at_work(stage.case.plan)
    stage.worker()
    stage.watch(more_s=stage.case.plan["ms"] / 1000)
