"""All workers of a fleet die at once; and a fleet's only worker dies again and again.

The parent of the first fleet is stopped (SIGSTOP) while they die, so it finds all of them dead in
one look when it goes on. The fleet must be whole again soon. In the second one, some jobs kill the
worker that runs them (SIGKILL): it must be replaced each time, but later each time, or a machine
would do nothing but start processes. When no such job is left, the other ones must be done.
"""

import signal

from chaos.rig.rig import Rig
from chaos.rig.scenario import Scenario
from chaos.targets import WorkerSettings

#: Each kills two workers. So many deaths in a row show whether the fleet waits longer each time.
DEADLY = 3


def play(rig: Rig) -> None:
    fleet = rig.workers.fleet()
    held = [rig.job({"do": "once", "ms": 10_000}) for _ in range(rig.setup.workers)]
    rig.enqueue(held)
    rig.wait("all of them at work", rig.seen.all_started, held)
    with rig.workers.stopped(fleet):
        for child in fleet.living_children():
            rig.workers.hit(fleet, child.pid, "kill")
        rig.wait("all of them dead", lambda: not fleet.living_children())
    rig.allow(4.0, lambda: len(fleet.living_children()) == rig.setup.workers)
    rig.allow(4.0, rig.seen.idle)
    rig.workers.signal(fleet, signal.SIGTERM)
    rig.enqueue([rig.job({"do": "die"}) for _ in range(DEADLY)])
    rig.enqueue([rig.job() for _ in range(rig.setup.jobs)])
    looping = rig.workers.fleet(workers=1)
    rig.allow(20.0, lambda: looping.came() > 2 * DEADLY)


SCENARIO = Scenario(
    name="crash_loop",
    story=__doc__,
    guarantees=("replaced", "no-loss"),
    play=play,
    needs=("fleet",),
    workers=3,
    jobs=20,
    # One job at a time: the death of a worker counts against every job that it held.
    settings=WorkerSettings(lock_ttl_ms=800, max_crashes=2, concurrency=1, grace_s=0.2),
)

if __name__ == "__main__":
    from chaos.cli import main

    main(SCENARIO)
