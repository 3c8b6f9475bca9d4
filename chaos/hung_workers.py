"""Workers of a fleet hang, and their parent has to notice: one is stopped, one is blocked.

The parent is told to put up with two seconds of silence. One worker is stopped for good (SIGSTOP);
a job blocks the event loop of another. Both must be ended and replaced, and their jobs done by
others. A third one is stopped only for a moment, and must be left in peace. Beside all that, the
parent of a second fleet is stopped for longer than the limit: when it goes on, it has heard of
nobody for too long, and may still end none of its workers.
"""

from chaos.rig.rig import Rig
from chaos.rig.scenario import Scenario
from chaos.targets import WorkerSettings

SETTINGS = WorkerSettings(hung_after_s=2.0, concurrency=2)
LIMIT_S = SETTINGS.hung_after_s
#: Longer than any parent may need: from then on it is at fault.
BLOCK_MS = 12_000


def play(rig: Rig) -> None:
    fleet = rig.workers.fleet()
    blocker = rig.job({"do": "block", "ms": BLOCK_MS, "times": 1})
    rig.enqueue([blocker])
    rig.wait("a worker blocked", fleet.started, blocker.own_id)
    blocked = rig.workers.hung(fleet, blocker.own_id)
    stopped, patient = [c.pid for c in fleet.living_children() if c.pid != blocked][:2]
    other = rig.workers.fleet()
    rig.enqueue(rig.busy_jobs(100, 600))
    rig.workers.hit(fleet, stopped, "pause")
    pause = rig.workers.hit(fleet, patient, "pause")
    with rig.workers.stopped(other):
        rig.let_work(LIMIT_S / 5)
        rig.workers.heal(fleet, patient, pause)
        rig.let_work(LIMIT_S)
    rig.allow(LIMIT_S + 4.0, lambda: {stopped, blocked} <= fleet.ended_pids)
    rig.allow(4.0, lambda: len(fleet.living_children()) >= rig.setup.workers)
    rig.let_work(1.0)  # in which a parent that has gone on looks at its workers


SCENARIO = Scenario(
    name="hung_workers",
    story=__doc__,
    guarantees=("replaced", "no-loss", "effects-once"),
    play=play,
    needs=("fleet",),
    workers=3,
    jobs=40,
    settings=SETTINGS,
)

if __name__ == "__main__":
    from chaos.cli import main

    main(SCENARIO)
