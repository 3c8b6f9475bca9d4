"""Connections are reset under workers who ask for work."""

from __future__ import annotations

from chaos.rig.crew import At
from chaos.rig.main import main
from chaos.rig.rig import Rig
from chaos.rig.scenario import Scenario


def play(rig: Rig) -> None:
    rig.landed(*[rig.worker(At("claim", side, "reset")) for side in ("before-send", "after-reply")])
    rig.enqueue([rig.job() for _ in range(rig.jobs)])


SCENARIO = Scenario(
    name="planted.scenarios.resets",
    story=__doc__,
    guarantees=("no-loss", "quiescent"),
    play=play,
    workers=2,
    jobs=10,
    settle_s=4.0,
)

if __name__ == "__main__":
    main(SCENARIO)
