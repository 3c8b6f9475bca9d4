"""A fleet under load is told to leave (SIGTERM), and a second one loses its parent (SIGKILL).

In flight are short jobs, jobs that end within the grace period, jobs that outlast it and are
cancelled, and jobs that swallow their cancellation. The fleet may start no new job. By the end of
the grace period, it must have finished or handed back every job that it held, except for the last
kind: those must not keep a process alive, and are recovered when their locks expire. A fleet whose
parent is killed must notice and drain by itself.
"""

import signal

from chaos.rig.rig import Rig
from chaos.rig.scenario import Scenario
from chaos.rig.worker import Worker
from chaos.targets import Job, WorkerSettings

SETTINGS = WorkerSettings(grace_s=1.0, cleanup_s=0.3, concurrency=6)
GRACE_MS = int(SETTINGS.grace_s * 1000)


def play(rig: Rig) -> None:
    fleet = _at_work(rig)
    rig.workers.signal(fleet, signal.SIGTERM, phase="under load")
    rig.wait("the first fleet to leave", fleet.left)
    fleet = _at_work(rig)
    rig.workers.signal(fleet, signal.SIGKILL, phase="under load, its workers live on")
    rig.wait("the orphaned workers to leave", fleet.left)
    rig.workers.fleet()


def _at_work(rig: Rig) -> Worker:
    """A fleet in the middle of jobs of all kinds."""
    jobs: list[Job] = []
    for plan, resists in (
        ({"do": "ok", "ms": GRACE_MS // 2}, False),
        ({"do": "ok", "ms": GRACE_MS * 2}, False),
        ({"do": "resist", "ms": GRACE_MS * 3}, True),
    ):
        jobs += [rig.job(plan, resists=resists) for _ in range(2)]
    rig.enqueue(jobs)
    rig.enqueue(rig.busy_jobs(20, 60))
    fleet = rig.workers.fleet()
    rig.wait("all of the longer jobs at work", fleet.started, *(job.own_id for job in jobs))
    return fleet


SCENARIO = Scenario(
    name="drain_on_sigterm",
    story=__doc__,
    guarantees=("drain", "no-loss", "effects-once", "exclusive"),
    play=play,
    needs=("fleet",),
    workers=2,
    jobs=150,
    settings=SETTINGS,
)

if __name__ == "__main__":
    from chaos.cli import main

    main(SCENARIO)
