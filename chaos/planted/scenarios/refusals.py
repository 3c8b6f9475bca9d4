"""The server refuses a completion, and one job of a batch, each time that it is sent.

The completion is refused in unknown words, so it is given up, and the job is run again when its
lock has expired.
"""

from __future__ import annotations

from chaos.faults import ERRORS
from chaos.rig.rig import Rig
from chaos.rig.scenario import Scenario
from chaos.rig.wire import At
from chaos.targets import WorkerSettings

#: The number of times that a producer sends a refused batch.
TRIES = 3


def play(rig: Rig) -> None:
    error = {"error": "ERR of a kind that nobody knows"}
    worker = rig.workers.start(At("finish", "before-send", "error", more=error))
    rig.enqueue([rig.job()])
    rig.landed(worker)
    full = {"error": ERRORS["OOM"]}
    refused = [At("enqueue", "before-send", "error", 2 + 3 * n, full) for n in range(TRIES)]
    rig.enqueue([rig.job() for _ in range(3)], rig.wire.listener("producer", *refused))


SCENARIO = Scenario(
    name="planted.scenarios.refusals",
    story=__doc__,
    guarantees=("no-loss", "no-phantom", "quiescent"),
    play=play,
    workers=1,
    settings=WorkerSettings(lock_ttl_ms=700),
    settle_s=4.0,
)

if __name__ == "__main__":
    from chaos.cli import main

    main(SCENARIO)
