"""The reply to a claim is lost, and the worker claims again."""

from __future__ import annotations

from chaos.rig.rig import Rig
from chaos.rig.scenario import Scenario
from chaos.rig.wire import At
from chaos.targets import WorkerSettings


def play(rig: Rig) -> None:
    rig.enqueue([rig.job() for _ in range(rig.setup.jobs)])
    rig.landed(rig.workers.start(At("claim", "before-reply", "lost-reply")))


SCENARIO = Scenario(
    name="planted.scenarios.lost_claims",
    story=__doc__,
    guarantees=("no-loss", "effects-once", "quiescent"),
    play=play,
    workers=1,
    jobs=4,
    settings=WorkerSettings(lock_ttl_ms=600),
    settle_s=5.0,
)

if __name__ == "__main__":
    from chaos.cli import main

    main(SCENARIO)
