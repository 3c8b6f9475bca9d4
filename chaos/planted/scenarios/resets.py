"""Connections are reset while workers ask for work; afterwards all of them must work on."""

from __future__ import annotations

from chaos.faults import Side
from chaos.rig.rig import Rig
from chaos.rig.scenario import Scenario
from chaos.rig.wire import At

SIDES: tuple[Side, ...] = ("before-send", "before-reply")


def play(rig: Rig) -> None:
    rig.landed(*[rig.workers.start(At("claim", side, "reset")) for side in SIDES])
    rig.everyone_works()


SCENARIO = Scenario(
    name="planted.scenarios.resets",
    story=__doc__,
    guarantees=("alive", "no-loss", "quiescent"),
    play=play,
    workers=2,
    settle_s=2.0,
)

if __name__ == "__main__":
    from chaos.cli import main

    main(SCENARIO)
