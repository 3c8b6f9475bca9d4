"""Workers are told to leave by every signal that there is; some of them get a second one.

Each runs a job that ends within its grace period, but not within the life of a lock, and one that
never would. SIGTERM, SIGINT and SIGHUP must let both go on until the grace period is over: the
worker renews their locks and shows itself meanwhile, and only then hands back the second. A second
SIGTERM, or SIGQUIT, must hand back both at once. Other workers do what is handed back.
"""

import signal

from chaos.rig.rig import Rig
from chaos.rig.scenario import Scenario
from chaos.targets import WorkerSettings

#: A grace period that is much longer than a worker in a hurry may take, on a busy machine too.
SETTINGS = WorkerSettings(lock_ttl_ms=1_000, grace_s=6.0, cleanup_s=0.3, concurrency=2)
GENTLE = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
HASTY = ((signal.SIGTERM, signal.SIGTERM), (signal.SIGQUIT,))
ENDS_MS, OUTLASTS_MS = 2_000, 20_000


def play(rig: Rig) -> None:
    signals = [*((number,) for number in GENTLE), *HASTY]
    leavers = [rig.workers.start() for _ in signals]
    slots = rig.setup.settings.concurrency * len(leavers)
    plans = ({"do": "ok", "ms": ENDS_MS}, {"do": "once", "ms": OUTLASTS_MS})
    jobs = [rig.job(plans[n % 2]) for n in range(slots)]
    rig.enqueue(jobs)
    rig.wait("all of the jobs at work", rig.seen.all_started, jobs)
    for leaver, numbers in zip(leavers, signals, strict=True):
        for number in numbers:
            rig.workers.signal(leaver, number, phase="at work")
    rig.workers.start_all()
    idle = rig.workers.start()
    rig.workers.signal(idle, signal.SIGHUP, phase="idle")
    for leaver in (*leavers, idle):
        rig.allow(2 * rig.setup.settings.grace_s, leaver.left)


SCENARIO = Scenario(
    name="every_signal",
    story=__doc__,
    guarantees=("drain", "exclusive", "no-loss", "effects-once"),
    play=play,
    workers=1,
    settings=SETTINGS,
)

if __name__ == "__main__":
    from chaos.cli import main

    main(SCENARIO)
