"""Some jobs kill the worker that runs them, each time.

The fleet must restart its workers, and the other jobs must be done. A job that has killed its
worker `max_crashes` times must be dead-lettered: not earlier, and it must never run again. Beside
these there are jobs that fail for good, that hang past their time-out, that name no handler, and
whose result has no JSON. They must be dead-lettered as well, and no other job may be.
"""

from chaos.rig.rig import Rig
from chaos.rig.scenario import Scenario
from chaos.targets import WorkerSettings


def play(rig: Rig) -> None:
    hopeless = [
        *(rig.job({"do": "die"}) for _ in range(2)),
        *(rig.job({"do": "fail", "times": 9}) for _ in range(2)),
        rig.job({"do": "hang"}, timeout_s=1, doomed=True),
        rig.job({"do": "ok"}, function="nobody_knows_it", doomed=True),
        rig.job({"do": "unserialisable"}, doomed=True),
    ]
    good = [rig.job({"do": "ok", "ms": rig.random.randint(1, 20)}) for _ in range(rig.setup.jobs)]
    jobs = hopeless + good
    rig.random.shuffle(jobs)
    rig.enqueue(jobs)
    fleet = rig.workers.fleet()
    rig.allow(30.0, lambda: rig.seen.dead_lettered() == len(hopeless))
    rig.allow(10.0, lambda: len(fleet.living_children()) == rig.setup.workers)


SCENARIO = Scenario(
    name="poison_job",
    story=__doc__,
    guarantees=("budget", "honest-dlq", "no-loss", "effects-once"),
    play=play,
    needs=("fleet", "inspector"),
    workers=2,
    # One job at a time: the death of a worker counts against every job that it held.
    settings=WorkerSettings(lock_ttl_ms=800, max_crashes=3, concurrency=1),
)

if __name__ == "__main__":
    from chaos.cli import main

    main(SCENARIO)
