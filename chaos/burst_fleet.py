"""Burst workers leave when all work is done, while one of them is killed.

A worker that looks only at the queue finds it empty and leaves, although another one still holds
jobs, or has just died with them. Here one of several burst workers is killed (SIGKILL) right after
its claim; some jobs fail and come back later; others are not due yet. No worker may leave before
all of it is done. Then a fleet with a parent is hit while each of its workers has its hands full:
one is killed, one is told to leave, and one is stopped for a moment (SIGSTOP). The parent must
replace the first two, and nobody may leave before the work is done.
"""

from chaos.rig.rig import Rig
from chaos.rig.scenario import Scenario
from chaos.rig.wire import At
from chaos.targets import Job, WorkerSettings

#: Each worker of the fleet holds as many jobs as it can for so long: until after the parent must
#: have replaced those that have gone. Until then nobody else has room for their jobs.
HELD_MS = 7_000
STOP_S = 0.5


def play(rig: Rig) -> None:
    rig.enqueue(_jobs(rig))
    victim = rig.workers.start(At("claim", "after-reply"), burst=True)
    survivors = [rig.workers.start(burst=True) for _ in range(rig.setup.workers)]
    rig.landed(victim)
    for survivor in survivors:
        rig.wait(f"{survivor.name} to leave", survivor.left)
    rig.enqueue(_jobs(rig))
    slots = rig.setup.workers * rig.setup.settings.concurrency
    held = [rig.job({"do": "once", "ms": HELD_MS}) for _ in range(slots)]
    rig.enqueue(held)
    fleet = rig.workers.fleet(burst=True)
    rig.wait("all of the longer jobs at work", rig.seen.all_started, held)
    pids = [child.pid for child in fleet.living_children()]
    for pid, kind in zip(pids, ("kill", "term"), strict=False):
        rig.workers.hit(fleet, pid, kind)
    pause = rig.workers.hit(fleet, pids[-1], "pause")
    rig.let_work(STOP_S)
    rig.workers.heal(fleet, pids[-1], pause)
    rig.wait("the fleet to leave", fleet.left)


def _jobs(rig: Rig) -> list[Job]:
    return [
        *(rig.job({"do": "ok", "ms": rig.random.randint(1, 50)}) for _ in range(rig.setup.jobs)),
        *(rig.job({"do": "fail", "times": 2}) for _ in range(3)),
        *(rig.job(delay_ms=rig.random.randint(200, 2_500)) for _ in range(3)),
    ]


SCENARIO = Scenario(
    name="burst_fleet",
    story=__doc__,
    guarantees=("burst", "no-loss", "schedule"),
    play=play,
    needs=("fleet", "claim"),
    jobs=40,
    settings=WorkerSettings(grace_s=0.5),
)

if __name__ == "__main__":
    from chaos.cli import main

    main(SCENARIO)
