"""Some jobs kill the worker that runs them, each time.

The fleet must restart its workers, and the other jobs must be done. A job that has killed its
worker `max_crashes` times must be dead-lettered: not earlier, and it must never run again. Beside
these there are jobs that fail for good, that hang past their time-out, that name no handler, and
whose result has no JSON. They must be dead-lettered as well, and no other job may be.

One job loses its worker as often, but none of these dies: each is stopped (SIGSTOP) until the job
is given up. Then they go on. A queue that hears from them that they live takes the job back out of
the dead-letter queue, and it must be run.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from chaos.rig.rig import Rig
from chaos.rig.scenario import Scenario
from chaos.targets import WorkerSettings

#: A job at work for so long is still at work when its worker is stopped.
LONG_MS = 1_000


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
    with _lost_to_the_living(rig):
        fleet = rig.workers.fleet()
        rig.allow(rig.setup.recovery_s, lambda: rig.seen.dead_lettered() == 1)
    rig.enqueue(jobs)
    rig.allow(30.0, lambda: rig.seen.dead_lettered() == len(hopeless))
    rig.allow(10.0, lambda: len(fleet.living_children()) == rig.setup.workers)


@contextmanager
def _lost_to_the_living(rig: Rig) -> Iterator[None]:
    """As many workers as a job may lose take it, one after the other, and are stopped until the
    block ends."""
    rig.enqueue([job := rig.job({"do": "ok", "ms": LONG_MS})])
    with ExitStack() as stack:
        for _ in range(rig.setup.settings.max_crashes):
            worker = rig.workers.start()
            if rig.allow(rig.setup.recovery_s, worker.started, job.own_id):
                stack.enter_context(rig.workers.stopped(worker))
        yield


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
