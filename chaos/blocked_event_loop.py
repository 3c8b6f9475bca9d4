"""A handler blocks its worker's event loop for longer than locks live.

Plain blocking code runs in an `async def`: the worker renews no lock, sends no heartbeat, and runs
none of its other jobs. Another worker takes its jobs. When the loop turns again, everything
happens at once: the blocking job is done and wants to commit, the other jobs want to go on, and
the refresher sees that it is too late. Anything that the blocked worker still writes must be
refused.

A second worker claims several jobs at once, and the first of them blocks its loop. The others must
not be started afterwards: their locks have expired.
"""

from signal import Signals

from chaos.rig.rig import Rig
from chaos.rig.scenario import Scenario
from chaos.rig.worker import Worker
from chaos.targets import Job, WorkerSettings

SETTINGS = WorkerSettings(lock_ttl_ms=1_000)
BLOCK = {"do": "block", "ms": 4 * SETTINGS.lock_ttl_ms, "times": 1}


def play(rig: Rig) -> None:
    others = rig.setup.settings.concurrency - 1
    victim = rig.workers.start()
    held = [rig.job({"do": "ok", "ms": 1_500}) for _ in range(others)]
    rig.enqueue(held)
    rig.wait("the victim at work", victim.started, *(job.own_id for job in held))
    _block(rig, victim, held, [])
    for worker in rig.workers.present():
        rig.workers.signal(worker, Signals.SIGTERM)
        rig.wait(f"{worker.name} to leave", worker.left)
    _block(rig, rig.workers.start(), [], [rig.job() for _ in range(others)])
    rig.everyone_works()


def _block(rig: Rig, victim: Worker, held: list[Job], followers: list[Job]) -> None:
    """A job blocks this worker, which holds some jobs, and claims some more together with it."""
    blocker = rig.job(BLOCK)
    with rig.workers.blocked(victim):
        rig.enqueue([blocker, *followers])
        rig.wait("its loop blocked", victim.started, blocker.own_id)
        rig.workers.start_all()
        rig.enqueue([rig.job() for _ in range(rig.setup.jobs)])
        for job in [blocker, *held, *followers]:
            rig.wait(
                f"{job.own_id} started by another", rig.seen.started_by_another, job.own_id, victim
            )
        rig.wait("its loop free again", victim.succeeded, blocker.own_id)


SCENARIO = Scenario(
    name="blocked_event_loop",
    story=__doc__,
    guarantees=("one-commit", "effects-once", "no-loss", "alive"),
    play=play,
    workers=2,
    jobs=20,
    settings=SETTINGS,
)

if __name__ == "__main__":
    from chaos.cli import main

    main(SCENARIO)
