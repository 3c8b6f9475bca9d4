"""Workers stand still (SIGSTOP) until they are taken for dead, and then go on.

The wire proxy pauses three workers just when they write how a job ended: its completion, its
retry, its release. Their locks and health keys expire, and another worker does the jobs. Then they
go on (SIGCONT), and their writes reach the server too late. The store must refuse them, and the
health keys of those that live on must come back.

Two more go on while the other worker runs their jobs: one was about to renew its locks, one was
leaving, and about to hand its job back. Neither may touch what is no longer its own.
"""

from chaos.rig.rig import Rig
from chaos.rig.scenario import Scenario
from chaos.targets import WorkerSettings

#: The plan of the job whose end is written, by the transition that writes it.
PLANS = {
    "finish": {"do": "ok", "ms": 100},
    "retry": {"do": "fail", "times": 1},
    "release": {"do": "ok", "ms": 1_500},
}
#: What is about to be written of a job that somebody else runs by then, for this long.
MEANWHILE, LONG_MS = ("refresh", "release"), 2_500


def play(rig: Rig) -> None:
    zombies = [(rig.stopped_at(moment, job := rig.job(PLANS[moment])), job) for moment in PLANS]
    long = {"do": "ok", "ms": LONG_MS}
    robbed = [(rig.stopped_at(moment, job := rig.job(long)), job) for moment in MEANWHILE]
    rig.enqueue([rig.job() for _ in range(rig.setup.jobs)])
    rescuer = rig.workers.start()
    for _, job in robbed:
        rig.wait(f"{job.own_id} at work again", rescuer.started, job.own_id)
    for zombie, _ in robbed:
        rig.workers.resume(zombie)
    for zombie, job in zombies:
        # By whom does not matter: a later zombie may have taken it before it was stopped itself.
        rig.wait(f"{job.own_id} done again", rig.seen.done_by_another, job.own_id, zombie)
        rig.wait(f"{zombie.name} taken for dead", rig.seen.unhealthy, zombie)
    for zombie, _ in zombies:
        rig.workers.resume(zombie)
    for zombie, _ in zombies[:2]:  # the third one leaves: its release came with its drain
        rig.wait(f"{zombie.name} visible again", rig.seen.healthy, zombie)


SCENARIO = Scenario(
    name="pause_past_heartbeat",
    story=__doc__,
    guarantees=("fenced", "one-commit", "effects-once"),
    play=play,
    needs=("inspector", "finish"),
    jobs=20,
    settings=WorkerSettings(lock_ttl_ms=1_000, grace_s=0.3),
)

if __name__ == "__main__":
    from chaos.cli import main

    main(SCENARIO)
