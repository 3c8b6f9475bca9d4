"""The wall clock of a worker is stepped, and the worker stands still for short times.

A machine's clock may be corrected at any moment, by hours too. A worker counts locks, time-outs,
delays and its grace period on its monotonic clock, and leaves the rest to the server, so nothing
may come of it: no lock may lapse, no job start early or time out. Short stops (SIGSTOP), shorter
than a lock lives, must cost nothing either.
"""

import signal
import time

from chaos.rig.rig import Rig
from chaos.rig.scenario import Scenario
from chaos.servers import Clock, clock
from chaos.targets import Job, WorkerSettings

SETTINGS = WorkerSettings(lock_ttl_ms=1_500, grace_s=1.5)
STEPS_S = (3_600.0, -7_200.0)
LOCK_S = SETTINGS.lock_ttl_ms / 1000
STOP_S = 0.3
#: Longer than the grace period: the worker that leaves has to hand these jobs back.
OUTLASTS_MS = 4_000


def play(rig: Rig) -> None:
    watch = Clock(rig.directory / "clock")
    worker = rig.workers.start(clock=watch)
    rig.workers.start_all()
    for step_s in STEPS_S:
        begun = time.monotonic_ns()
        rig.enqueue(_jobs(rig))
        rig.wait("some of the jobs at work", worker.started_since, begun)
        with rig.workers.stepped(worker, watch, step_s):
            rig.let_work(LOCK_S + STOP_S)
        with rig.workers.stopped(worker):
            rig.let_work(STOP_S)
    rig.let_work(LOCK_S)  # so that what comes now has nothing to do with the last stop
    begun = time.monotonic_ns()
    slots = 2 * SETTINGS.concurrency
    rig.enqueue([rig.job({"do": "once", "ms": OUTLASTS_MS}) for _ in range(slots)])
    rig.enqueue(_jobs(rig))
    rig.wait("some of the longer jobs at work", worker.started_since, begun)
    with rig.workers.stepped(worker, watch, STEPS_S[0]):
        rig.workers.signal(worker, signal.SIGTERM, phase="its clock has been stepped")
        rig.allow(2 * SETTINGS.grace_s, worker.left)


def _jobs(rig: Rig) -> list[Job]:
    return [
        *(rig.job({"do": "ok", "ms": rig.random.randint(600, 1_200)}) for _ in range(6)),
        *(rig.job({"do": "fail", "times": 1}) for _ in range(4)),
        *(rig.job(delay_ms=rig.random.randint(300, 900)) for _ in range(6)),
        *rig.busy_jobs(10, 60),
    ]


SCENARIO = Scenario(
    name="worker_clock",
    story=__doc__,
    guarantees=("exclusive", "schedule", "no-loss", "drain", "alive", "retry-once"),
    play=play,
    workers=1,
    jobs=20,
    settings=SETTINGS,
    lacking=clock.lacking,
)

if __name__ == "__main__":
    from chaos.cli import main

    main(SCENARIO)
