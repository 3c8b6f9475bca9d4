"""The hashes of jobs that run are deleted, expired, emptied and overwritten by others.

An operator's mistake, a key with a TTL too many, another program on the same server. A worker that
holds such a job has lost it: it must write nothing, drop the lock, and go on with everything else.
Nothing may come of it for the neighbours: not for those that the same worker runs, nor for those
that wait behind. What becomes of the damaged jobs themselves is not judged, but they must leave no
lock, no entry and no key behind.
"""

from chaos.rig.rig import Rig
from chaos.rig.scenario import Scenario
from chaos.targets import DAMAGES, WorkerSettings

RUNS_MS = 1_500


def play(rig: Rig) -> None:
    neighbours = [rig.job({"do": "ok", "ms": RUNS_MS}) for _ in DAMAGES]
    victims = [rig.job({"do": "ok", "ms": RUNS_MS}) for _ in DAMAGES]
    waiting = [rig.job() for _ in range(rig.setup.jobs)]
    waiting_victims = [rig.job() for _ in DAMAGES]
    rig.enqueue([job for pair in zip(victims, neighbours, strict=True) for job in pair])
    rig.workers.start_all()
    rig.wait("all of them at work", rig.seen.all_started, [*victims, *neighbours])
    rig.enqueue([*waiting_victims, *waiting])
    for jobs in (waiting_victims, victims):  # a slot that a victim leaves is for those that wait
        for job, how in zip(jobs, DAMAGES, strict=True):
            rig.damage(job.own_id, how)
    rig.everyone_works()


SCENARIO = Scenario(
    name="damaged_jobs",
    story=__doc__,
    guarantees=("no-loss", "effects-once", "alive", "quiescent"),
    play=play,
    needs=("inspector",),
    workers=2,
    jobs=20,
    # As many slots as there are victims and neighbours: all others wait.
    settings=WorkerSettings(lock_ttl_ms=900, concurrency=len(DAMAGES)),
)

if __name__ == "__main__":
    from chaos.cli import main

    main(SCENARIO)
