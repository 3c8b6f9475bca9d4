"""A worker is killed (SIGKILL) in the middle of its jobs, beside another that has its own."""

from __future__ import annotations

from chaos.rig.rig import Rig
from chaos.rig.scenario import Scenario
from chaos.rig.wire import At
from chaos.targets import WorkerSettings

SETTINGS = WorkerSettings(lock_ttl_ms=600, concurrency=2)


def play(rig: Rig) -> None:
    victim, _ = rig.workers.start(), rig.workers.start()
    rig.wire.plan(victim, At("refresh", "after-reply"))
    rig.enqueue([rig.job({"do": "ok", "ms": 700}) for _ in range(rig.setup.jobs)])
    rig.landed(victim)


SCENARIO = Scenario(
    name="planted.scenarios.left_behind",
    story=__doc__,
    guarantees=("recovery", "no-loss"),
    play=play,
    workers=2,
    jobs=4,
    settings=SETTINGS,
    settle_s=6.0,
)

if __name__ == "__main__":
    from chaos.cli import main

    main(SCENARIO)
