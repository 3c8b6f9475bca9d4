"""Jobs run for several times the life of a lock, and hungry workers wait beside them.

A lock that is not renewed expires in the middle of such a job, and another worker starts it again
while it is still running. Here nobody may. Two workers are killed in the middle (SIGKILL, at the
renewal of their locks): their jobs must be started again one lock TTL later, not one job's
duration later.
"""

from chaos.rig.crew import At
from chaos.rig.main import main
from chaos.rig.rig import Rig
from chaos.rig.scenario import Scenario
from chaos.targets.target import Knobs

KNOBS = Knobs(lock_ttl_ms=900, concurrency=2)
JOB_MS = 3 * KNOBS.lock_ttl_ms


def play(rig: Rig) -> None:
    rig.enqueue([rig.job({"do": "ok", "ms": JOB_MS}) for _ in range(rig.jobs)])
    victims = [rig.worker(At("refresh", side, nth=3)) for side in ("before-send", "before-reply")]
    # One slot more than jobs is always free, and asks for work.
    for _ in range(max(rig.workers, 1 + rig.jobs // KNOBS.concurrency)):
        rig.worker()
    rig.landed(*victims)


SCENARIO = Scenario(
    name="long_job_outlives_lock_ttl",
    story=__doc__,
    guarantees=("exclusive", "recovery", "effects-once"),
    play=play,
    workers=2,
    jobs=6,
    knobs=KNOBS,
)

if __name__ == "__main__":
    main(SCENARIO)
