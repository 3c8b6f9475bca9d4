"""Jobs run for longer than a lock lives, beside workers with nothing to do."""

from __future__ import annotations

from chaos.rig.rig import Rig
from chaos.rig.scenario import Scenario
from chaos.targets import WorkerSettings

SETTINGS = WorkerSettings(lock_ttl_ms=1_200)


def play(rig: Rig) -> None:
    rig.workers.start_all()
    job_ms = 2 * rig.setup.settings.lock_ttl_ms
    rig.enqueue([rig.job({"do": "ok", "ms": job_ms}) for _ in range(rig.setup.jobs)])


SCENARIO = Scenario(
    name="planted.scenarios.long_jobs",
    story=__doc__,
    guarantees=("no-loss", "effects-once"),
    play=play,
    workers=2,
    jobs=4,
    settings=SETTINGS,
    settle_s=8.0,
)

if __name__ == "__main__":
    from chaos.cli import main

    main(SCENARIO)
