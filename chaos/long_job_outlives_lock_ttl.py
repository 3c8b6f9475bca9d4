"""Jobs run for several times the life of a lock, many in each worker, and others wait beside them.

A lock that is not renewed expires in the middle of such a job, and another worker starts the job
while it still runs. Here that must not happen. Two workers are killed in the middle (SIGKILL, when
they renew their locks). Their jobs must be started again one lock TTL later, not one job's
duration later.
"""

from chaos.faults import Side
from chaos.rig.rig import Rig
from chaos.rig.scenario import Scenario
from chaos.rig.wire import At
from chaos.targets import WorkerSettings

SETTINGS = WorkerSettings(lock_ttl_ms=900, concurrency=24)
JOB_MS = 3 * SETTINGS.lock_ttl_ms


SIDES: tuple[Side, ...] = ("before-send", "before-reply")


def play(rig: Rig) -> None:
    rig.enqueue([rig.job({"do": "ok", "ms": JOB_MS}) for _ in range(rig.setup.jobs)])
    faults = [At("refresh", side, nth=3) for side in SIDES]
    victims = [rig.workers.start(fault) for fault in faults]
    # One slot more than jobs is always free, and asks for work.
    for _ in range(max(rig.setup.workers, 1 + rig.setup.jobs // SETTINGS.concurrency)):
        rig.workers.start()
    rig.landed(*victims)


SCENARIO = Scenario(
    name="long_job_outlives_lock_ttl",
    story=__doc__,
    guarantees=("exclusive", "recovery", "effects-once"),
    play=play,
    needs=("refresh",),
    workers=2,
    jobs=40,
    settings=SETTINGS,
)

if __name__ == "__main__":
    from chaos.cli import main

    main(SCENARIO)
