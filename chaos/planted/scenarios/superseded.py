"""Two workers stand still until others run their jobs; then their own writes arrive.

One was about to renew its locks. The other was leaving, and about to hand its job back.
"""

from __future__ import annotations

import signal

from chaos.rig.rig import Rig
from chaos.rig.scenario import Scenario
from chaos.rig.wire import At
from chaos.rig.worker import Worker
from chaos.targets import WorkerSettings

SETTINGS = WorkerSettings(lock_ttl_ms=800, grace_s=0.2, cleanup_s=0.3)


def play(rig: Rig) -> None:
    zombies = [_stopped_at(rig, "refresh"), _stopped_at(rig, "release")]
    rescuer = rig.workers.start()
    for zombie in zombies:
        rig.wait("their jobs at work again", rescuer.started, *zombie.started_jobs())
    for zombie in zombies:
        rig.workers.resume(zombie)


def _stopped_at(rig: Rig, moment: str) -> Worker:
    zombie = rig.workers.start(At(moment, "before-send", "pause", more={"then": "hold"}))
    job = rig.job({"do": "ok", "ms": 2_000})
    rig.enqueue([job])
    rig.wait(f"{job.id} at work", zombie.started, job.id)
    if moment == "release":
        rig.workers.signal(zombie, signal.SIGTERM)
    rig.landed(zombie)
    return zombie


SCENARIO = Scenario(
    name="planted.scenarios.superseded",
    story=__doc__,
    guarantees=("fenced", "one-commit", "effects-once"),
    play=play,
    settings=SETTINGS,
    settle_s=6.0,
)

if __name__ == "__main__":
    from chaos.cli import main

    main(SCENARIO)
