"""A worker is told to leave (SIGTERM) while it runs jobs that outlast its grace period.

One of the jobs has failed before. There is enough other work to tempt the worker, and another
worker that takes the jobs that are handed back.
"""

from __future__ import annotations

import signal

from chaos.rig.rig import Rig
from chaos.rig.scenario import Scenario
from chaos.targets import WorkerSettings

SETTINGS = WorkerSettings(grace_s=0.5, cleanup_s=0.3)
LONG_MS = 2_500


def play(rig: Rig) -> None:
    leaver = rig.workers.start()
    long = [rig.job({"do": "fail", "times": n, "ms": LONG_MS}) for n in (0, 1)]
    rig.enqueue(long)
    rig.wait("the long jobs at work", lambda: leaver.starts() == 3)
    rig.workers.start()
    rig.enqueue([rig.job({"do": "ok", "ms": 60}) for _ in range(rig.setup.jobs)])
    rig.wait("small ones at work beside them", lambda: leaver.starts() > 3)
    rig.workers.signal(leaver, signal.SIGTERM, phase="under load")
    rig.wait("its leaving", leaver.left)


SCENARIO = Scenario(
    name="planted.scenarios.leaving",
    story=__doc__,
    guarantees=("drain", "no-loss", "exclusive", "retry-once"),
    play=play,
    jobs=80,
    settings=SETTINGS,
    settle_s=6.0,
)

if __name__ == "__main__":
    from chaos.cli import main

    main(SCENARIO)
