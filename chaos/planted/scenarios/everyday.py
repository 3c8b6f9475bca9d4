"""Nothing goes wrong, and jobs of every kind are done.

Jobs succeed, fail within and beyond their budget, are not due yet, or share a unique key. One id
is queued whose job is gone.
"""

from __future__ import annotations

import time

from chaos.rig.rig import Rig
from chaos.rig.scenario import Scenario


def play(rig: Rig) -> None:
    worker = rig.workers.start()
    holder = rig.job({"do": "fail", "times": 1, "ms": 600}, unique="one at a time")
    rig.enqueue([holder])
    rig.wait("its second run", lambda: worker.starts() == 2)
    rig.enqueue([rig.job(unique="one at a time")])
    rig.enqueue(
        [
            *(rig.job() for _ in range(rig.setup.jobs)),
            *(rig.job(delay_ms=rig.random.randint(300, 900)) for _ in range(3)),
            *(rig.job({"do": "fail", "times": times}) for times in (1, 2, 9)),
            rig.job(unique="another"),
        ]
    )
    with rig.server.client() as client:
        client.zadd(f"rrq:queue:{rig.setup.settings.queue}", {"ghost": time.time() * 1000})


SCENARIO = Scenario(
    name="planted.scenarios.everyday",
    story=__doc__,
    guarantees=("no-loss", "schedule", "unique", "budget", "quiescent"),
    play=play,
    jobs=5,
    settle_s=5.0,
)

if __name__ == "__main__":
    from chaos.cli import main

    main(SCENARIO)
