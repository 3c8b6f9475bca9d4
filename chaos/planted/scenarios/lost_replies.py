"""Replies are lost, and a producer and a worker send their commands again.

The producer's second try is delayed until the job is done. Then a completion and a retry get no
answer.
"""

from __future__ import annotations

from chaos.rig.rig import Rig
from chaos.rig.scenario import Scenario
from chaos.rig.wire import At


def play(rig: Rig) -> None:
    worker = rig.workers.start()
    listener = rig.wire.listener(
        "producer",
        At("enqueue", "before-reply", "lost-reply"),
        At("enqueue", "before-send", "delay", nth=2, more={"for_ms": 600}),
    )
    rig.enqueue([rig.job()], listener)
    for moment in ("finish", "retry"):
        rig.wire.plan(worker, At(moment, "before-reply", "lost-reply"))
    rig.enqueue([rig.job() for _ in range(rig.setup.jobs)])
    rig.enqueue([rig.job({"do": "fail", "times": 1})])
    rig.landed(worker)


SCENARIO = Scenario(
    name="planted.scenarios.lost_replies",
    story=__doc__,
    guarantees=("no-loss", "one-commit", "effects-once", "retry-once"),
    play=play,
    workers=1,
    jobs=3,
    settle_s=5.0,
)

if __name__ == "__main__":
    from chaos.cli import main

    main(SCENARIO)
