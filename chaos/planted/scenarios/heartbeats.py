"""One of two workers is killed (SIGKILL), and the other one works on for a while."""

from __future__ import annotations

import signal

from chaos.rig.rig import Rig
from chaos.rig.scenario import Scenario
from chaos.targets import WorkerSettings

SETTINGS = WorkerSettings(health_interval_ms=250, health_slack_ms=350)


def play(rig: Rig) -> None:
    rig.workers.start()
    victim = rig.workers.start()
    rig.wait("the victim's first heartbeat", rig.seen.healthy, victim)
    rig.workers.signal(victim, signal.SIGKILL)
    rig.enqueue([rig.job({"do": "ok", "ms": 3_500})])


SCENARIO = Scenario(
    name="planted.scenarios.heartbeats",
    story=__doc__,
    guarantees=("visible",),
    play=play,
    settings=SETTINGS,
    settle_s=8.0,
)

if __name__ == "__main__":
    from chaos.cli import main

    main(SCENARIO)
