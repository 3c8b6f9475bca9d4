"""A burst worker comes when the queue is empty and another one still runs the last job."""

from __future__ import annotations

from chaos.cli.main import main
from chaos.rig.rig import Rig
from chaos.rig.scenario import Scenario


def play(rig: Rig) -> None:
    job = rig.job({"do": "ok", "ms": 2_500})
    rig.enqueue([job])
    first = rig.worker(burst=True)
    rig.wait(f"{job.id} at work", first.started, job.id)
    second = rig.worker(burst=True)
    for worker in (first, second):
        rig.wait(f"{worker.name} to leave", rig.gone, worker)


SCENARIO = Scenario(
    name="planted.scenarios.bursts", story=__doc__, guarantees=("burst", "no-loss"), play=play
)

if __name__ == "__main__":
    main(SCENARIO)
