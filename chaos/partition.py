"""Workers are cut off from the server for longer than their locks live, and reconnected.

There are three of them. For one nothing passes, for one nothing reaches the server, and for one
nothing comes back from it. No connection is closed. They hold jobs that obey their cancellation,
and jobs that do not and still run when the partition heals. A worker must let go of its jobs when
their locks may have expired on its own clock. Another worker does them, and anything that the
first one writes afterwards must be refused. Nobody has crashed: once those that were cut off can
say that they live, no crash may be counted.
"""

from contextlib import ExitStack

from chaos.faults import Direction
from chaos.rig.rig import Rig
from chaos.rig.scenario import Scenario
from chaos.targets import Job, WorkerSettings

SETTINGS = WorkerSettings(lock_ttl_ms=1_000, concurrency=2)
DIRECTIONS: tuple[Direction, ...] = ("both", "up", "down")


def play(rig: Rig) -> None:
    workers = [rig.workers.start() for _ in DIRECTIONS]
    jobs = [job for _ in workers for job in _two(rig)]
    rig.enqueue(jobs)
    for job in jobs:  # all slots are taken then, two of each worker
        rig.wait(f"{job.own_id} at work", rig.seen.started, job.own_id)
    rig.enqueue([rig.job() for _ in range(rig.setup.jobs)])
    with ExitStack() as partitions:
        for direction, worker in zip(DIRECTIONS, workers, strict=True):
            partitions.enter_context(rig.wire.partition(worker, direction))
        rig.workers.start_all()
        for worker in workers:
            for held in worker.started_jobs() & {job.own_id for job in jobs}:
                rig.wait(f"{held} started by another", rig.seen.started_by_another, held, worker)
    rig.everyone_works()
    rig.calm()


def _two(rig: Rig) -> list[Job]:
    """Jobs that outlast the partition, one of which does not let itself be cancelled."""
    ms = int(3.5 * SETTINGS.lock_ttl_ms)
    return [rig.job({"do": "ok", "ms": ms}), rig.job({"do": "resist", "ms": ms}, resists=True)]


SCENARIO = Scenario(
    name="partition",
    story=__doc__,
    guarantees=("fenced", "one-commit", "effects-once", "exclusive", "lease", "alive"),
    play=play,
    workers=3,
    jobs=20,
    settings=SETTINGS,
)

if __name__ == "__main__":
    from chaos.cli import main

    main(SCENARIO)
