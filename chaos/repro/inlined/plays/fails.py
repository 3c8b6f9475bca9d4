"""A job fails once."""

from __future__ import annotations

from chaos.repro.inlined.stage import Stage


def play(stage: Stage) -> None:
    stage.at_work({"do": "fail", "times": 1})
    stage.watch()
