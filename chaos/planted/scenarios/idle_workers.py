"""Jobs come while workers have nothing to do."""

from __future__ import annotations

import time

from chaos.rig.rig import Rig
from chaos.rig.scenario import Scenario
from chaos.rig.wire import At
from chaos.targets import WorkerSettings


def play(rig: Rig) -> None:
    # No harm is done: once this has landed, the first claim has found nothing.
    worker = rig.workers.start(At("claim", "before-reply", "delay", more={"for_ms": 1}))
    rig.landed(worker)
    for _ in range(rig.setup.jobs):
        job = rig.job()
        rig.enqueue([job])
        # If it is not taken, the verdict tells.
        end = time.monotonic() + 1.5
        rig.wait("a chance", lambda: worker.succeeded(job.own_id) or time.monotonic() > end)  # noqa: B023


SCENARIO = Scenario(
    name="planted.scenarios.idle_workers",
    story=__doc__,
    guarantees=("no-loss", "one-commit", "quiescent"),
    play=play,
    workers=1,
    jobs=2,
    settings=WorkerSettings(lock_ttl_ms=600),
    settle_s=4.0,
)

if __name__ == "__main__":
    from chaos.cli import main

    main(SCENARIO)
