"""A burst worker starts when the queue is empty and another worker still runs the last job."""

from __future__ import annotations

from chaos.rig.rig import Rig
from chaos.rig.scenario import Scenario


def play(rig: Rig) -> None:
    job = rig.job({"do": "ok", "ms": 2_500})
    rig.enqueue([job])
    first = rig.workers.start(burst=True)
    rig.wait(f"{job.own_id} at work", first.started, job.own_id)
    second = rig.workers.start(burst=True)
    for worker in (first, second):
        rig.wait(f"{worker.name} to leave", worker.left)


SCENARIO = Scenario(
    name="planted.scenarios.bursts", story=__doc__, guarantees=("burst", "no-loss"), play=play
)

if __name__ == "__main__":
    from chaos.cli import main

    main(SCENARIO)
