"""A dead job is given a new life, and whoever asked for it gets no answer."""

from __future__ import annotations

import contextlib

from chaos.cli.main import main
from chaos.rig.rig import Rig
from chaos.rig.scenario import Scenario
from chaos.rig.workers import At
from chaos.targets import CanRequeue, EnqueueInDoubt


def play(rig: Rig) -> None:
    rig.worker()
    dead = rig.job({"do": "fail", "times": 9}, max_retries=1)
    rig.enqueue([dead])
    rig.wait(f"{dead.id} dead", lambda: rig.dead_lettered() == 1)
    door = rig.door("operator", At("requeue", "before-reply", "lose-reply"))
    operator = rig.target.producer(door, rig.settings)
    assert isinstance(operator, CanRequeue)
    with contextlib.closing(operator), contextlib.suppress(EnqueueInDoubt):
        operator.requeue(dead.id)


SCENARIO = Scenario(
    name="planted.scenarios.requeue",
    story=__doc__,
    guarantees=("no-loss", "quiescent"),
    play=play,
    workers=1,
    settle_s=4.0,
)

if __name__ == "__main__":
    main(SCENARIO)
