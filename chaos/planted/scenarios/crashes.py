"""A job loses its worker (SIGKILL) as often as it may, and must not be started once more."""

from __future__ import annotations

from chaos.rig.rig import Rig
from chaos.rig.scenario import Scenario
from chaos.rig.wire import At
from chaos.targets import WorkerSettings

SETTINGS = WorkerSettings(lock_ttl_ms=450, max_crashes=2)


def play(rig: Rig) -> None:
    rig.enqueue([rig.job({"do": "ok", "ms": 900})])
    for _ in range(SETTINGS.max_crashes):
        rig.landed(rig.workers.start(At("refresh", "before-send")))
    rig.workers.start()
    rig.enqueue([rig.job() for _ in range(rig.setup.jobs)])


SCENARIO = Scenario(
    name="planted.scenarios.crashes",
    story=__doc__,
    guarantees=("budget", "honest-dlq", "no-loss"),
    play=play,
    jobs=3,
    settings=SETTINGS,
    settle_s=5.0,
)

if __name__ == "__main__":
    from chaos.cli import main

    main(SCENARIO)
