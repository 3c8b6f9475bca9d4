"""The server refuses a completion, in unknown words.

So it is given up, and the job is run again when its lock has expired.
"""

from __future__ import annotations

from chaos.rig.rig import Rig
from chaos.rig.scenario import Scenario
from chaos.rig.wire import At
from chaos.targets import WorkerSettings


def play(rig: Rig) -> None:
    error = {"error": "ERR of a kind that nobody knows"}
    worker = rig.workers.start(At("finish", "before-send", "error", more=error))
    rig.enqueue([rig.job()])
    rig.landed(worker)


SCENARIO = Scenario(
    name="planted.scenarios.refusals",
    story=__doc__,
    guarantees=("no-loss", "quiescent"),
    play=play,
    workers=1,
    settings=WorkerSettings(lock_ttl_ms=700),
    settle_s=4.0,
)

if __name__ == "__main__":
    from chaos.cli import main

    main(SCENARIO)
