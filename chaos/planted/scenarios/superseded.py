"""Two workers stand still until others run their jobs; then their own writes arrive.

One was about to renew its locks. The other was leaving, and about to hand its job back.
"""

from __future__ import annotations

from chaos.rig.rig import Rig
from chaos.rig.scenario import Scenario
from chaos.targets import WorkerSettings

SETTINGS = WorkerSettings(lock_ttl_ms=800, grace_s=0.2, cleanup_s=0.3)


def play(rig: Rig) -> None:
    plan = {"do": "ok", "ms": 2_000}
    zombies = [rig.stopped_at(moment, rig.job(plan)) for moment in ("refresh", "release")]
    rescuer = rig.workers.start()
    for zombie in zombies:
        rig.wait("their jobs at work again", rescuer.started, *zombie.started_jobs())
    for zombie in zombies:
        rig.workers.resume(zombie)


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
