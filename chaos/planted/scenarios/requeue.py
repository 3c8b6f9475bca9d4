"""A dead job is given a new life, and its operator gets no answer."""

from __future__ import annotations

import contextlib

from chaos.rig.rig import Rig
from chaos.rig.scenario import Scenario
from chaos.rig.wire import At
from chaos.targets import CanRequeue, EnqueueInDoubt


def play(rig: Rig) -> None:
    rig.workers.start()
    dead = rig.job({"do": "fail", "times": 9}, max_retries=1)
    rig.enqueue([dead])
    rig.wait(f"{dead.own_id} dead", lambda: rig.seen.dead_lettered() == 1)
    listener = rig.wire.listener("operator", At("requeue", "before-reply", "lost-reply"))
    operator = rig.setup.target.producer(listener, rig.setup.settings)
    with contextlib.closing(operator), contextlib.suppress(EnqueueInDoubt):
        assert isinstance(operator, CanRequeue)
        operator.requeue(dead.own_id)


SCENARIO = Scenario(
    name="planted.scenarios.requeue",
    story=__doc__,
    guarantees=("no-loss", "quiescent"),
    play=play,
    workers=1,
    settle_s=4.0,
)

if __name__ == "__main__":
    from chaos.cli import main

    main(SCENARIO)
