"""A worker is cut off from Redis in the middle of a job, and finishes it long after its lock.

Nothing passes between the two from the first renewal on; another worker takes the job over. When
the line heals, everything arrives that was sent meanwhile.
"""

from __future__ import annotations

from chaos.rig.crew import At
from chaos.rig.main import main
from chaos.rig.rig import Rig
from chaos.rig.scenario import Scenario
from chaos.targets.target import Knobs

KNOBS = Knobs(lock_ttl_ms=900)
JOB_MS = 2_500


def play(rig: Rig) -> None:
    hold = At("refresh", "before-send", "hold", more={"for_ms": JOB_MS + 1_000})
    lonely = rig.worker(hold)
    job = rig.job({"do": "ok", "ms": JOB_MS})
    rig.enqueue([job])
    rig.wait(f"{job.id} at work", lonely.started, job.id)
    rescuer = rig.worker()
    rig.wait(f"{job.id} at work again", rescuer.started, job.id)
    rig.wait(f"{job.id} done", rescuer.ended, job.id)


SCENARIO = Scenario(
    name="planted.scenarios.cut_off",
    story=__doc__,
    guarantees=("fenced", "one-commit", "effects-once"),
    play=play,
    knobs=KNOBS,
    settle_s=6.0,
)

if __name__ == "__main__":
    main(SCENARIO)
