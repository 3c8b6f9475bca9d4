"""A worker is cut off from Redis in the middle of a job, and finishes it long after its lock.

Another worker takes the job over. When the partition heals, everything that was sent meanwhile
arrives.
"""

from __future__ import annotations

from chaos.rig.rig import Rig
from chaos.rig.scenario import Scenario
from chaos.targets import WorkerSettings

SETTINGS = WorkerSettings(lock_ttl_ms=900)


def play(rig: Rig) -> None:
    lonely = rig.workers.start()
    job = rig.job({"do": "ok", "ms": 2_500})
    rig.enqueue([job])
    rig.wait(f"{job.own_id} at work", lonely.started, job.own_id)
    with rig.wire.partition(lonely):
        rescuer = rig.workers.start()
        rig.wait(f"{job.own_id} at work again", rescuer.started, job.own_id)
        rig.wait("its first attempt to end", lambda: lonely.ends() > 0)
        rig.let_work(0.1)


SCENARIO = Scenario(
    name="planted.scenarios.cut_off",
    story=__doc__,
    guarantees=("fenced", "one-commit", "effects-once"),
    play=play,
    settings=SETTINGS,
    settle_s=6.0,
)

if __name__ == "__main__":
    from chaos.cli import main

    main(SCENARIO)
