"""Burst workers leave when all work is done, while one of them is killed.

A worker that looks only at the queue finds it empty and leaves, although another one still holds
jobs, or has just died with them. Here one of several burst workers is killed (SIGKILL) right after
its claim; some jobs fail and come back later; others are not due yet. No worker may leave before
all of it is done. Then the same happens to a fleet with a parent.
"""

from chaos.rig.rig import Rig
from chaos.rig.scenario import Scenario
from chaos.rig.wire import At
from chaos.targets import Job


def play(rig: Rig) -> None:
    rig.enqueue(_jobs(rig))
    victim = rig.workers.start(At("claim", "after-reply"), burst=True)
    survivors = [rig.workers.start(burst=True) for _ in range(rig.setup.workers)]
    rig.landed(victim)
    for survivor in survivors:
        rig.wait(f"{survivor.name} to leave", survivor.left)
    rig.enqueue(_jobs(rig))
    fleet = rig.workers.fleet(burst=True)
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
    guarantees=("burst", "no-loss", "schedule", "recovery"),
    play=play,
    jobs=40,
)

if __name__ == "__main__":
    from chaos.cli import main

    main(SCENARIO)
