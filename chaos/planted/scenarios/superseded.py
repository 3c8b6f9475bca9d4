"""Two workers stand still until others run their jobs; then what they had sent arrives.

One was about to renew its locks, the other was leaving and about to hand its job back.
"""

from __future__ import annotations

import signal

from chaos.cli.main import main
from chaos.rig.rig import Rig
from chaos.rig.scenario import Scenario
from chaos.rig.worker import Member
from chaos.rig.workers import At
from chaos.targets.target import WorkerSettings

SETTINGS = WorkerSettings(lock_ttl_ms=800, grace_s=0.2, cleanup_s=0.3)


def play(rig: Rig) -> None:
    zombies = [_stopped_at(rig, "refresh"), _stopped_at(rig, "release")]
    rescuer = rig.worker()
    for zombie in zombies:
        jobs = {event["job"] for event in zombie.events("start")}
        rig.wait("their jobs at work again", rescuer.started, *jobs)
    for zombie in zombies:
        rig.resume(zombie)


def _stopped_at(rig: Rig, moment: str) -> Member:
    zombie = rig.worker(At(moment, "before-send", "pause", more={"then": "hold"}))
    job = rig.job({"do": "ok", "ms": 2_000})
    rig.enqueue([job])
    rig.wait(f"{job.id} at work", zombie.started, job.id)
    if moment == "release":
        rig.signal(zombie, signal.SIGTERM)
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
    main(SCENARIO)
