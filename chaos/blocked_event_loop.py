"""A handler blocks its worker's event loop for longer than locks live.

Plain blocking code runs in an `async def`: the worker renews no lock, sends no heartbeat, and runs
none of its other jobs. Another worker takes its jobs. When the loop turns again, everything
happens at once: the blocking job is done and wants to commit, the other jobs want to go on, and
the refresher sees that it is too late. Anything that the blocked worker still writes must be
refused.
"""

from chaos.rig.rig import Rig
from chaos.rig.scenario import Scenario
from chaos.targets import WorkerSettings

SETTINGS = WorkerSettings(lock_ttl_ms=1_000)
BLOCK = {"do": "block", "ms": 4 * SETTINGS.lock_ttl_ms, "times": 1}


def play(rig: Rig) -> None:
    victim = rig.workers.start()
    blocker = rig.job(BLOCK)
    held = [rig.job({"do": "ok", "ms": 1_500}) for _ in range(SETTINGS.concurrency - 1)]
    rig.enqueue(held)
    rig.wait("the victim at work", victim.started, *(job.own_id for job in held))
    with rig.workers.blocked(victim):
        rig.enqueue([blocker])
        rig.wait("its loop blocked", victim.started, blocker.own_id)
        rig.workers.start_all()
        rig.enqueue([rig.job() for _ in range(rig.setup.jobs)])
        for job in [blocker, *held]:
            rig.wait(
                f"{job.own_id} started by another", rig.seen.started_by_another, job.own_id, victim
            )
        rig.wait("its loop free again", victim.succeeded, blocker.own_id)
    rig.everyone_works()


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
