"""The server stands still for longer than locks live, twice, and no connection is closed.

First its process is paused (SIGSTOP), as on a machine that is out of memory or a virtual one that
is moved. Then a single command keeps it busy, as a slow script does. All locks expire while no
worker can take them back. Everything that was sent meanwhile is executed at the end, long after
its sender has given it up.
"""

from chaos.rig.rig import Rig
from chaos.rig.scenario import Scenario
from chaos.targets import WorkerSettings

SETTINGS = WorkerSettings(lock_ttl_ms=1_000)
STALL_S = 1.7


def play(rig: Rig) -> None:
    rig.workers.start_all()
    rig.enqueue(rig.busy_jobs(5, 900))
    with rig.load():
        rig.let_work(0.5)
        with rig.redis.during("server-pause"):
            rig.let_work(STALL_S)
        rig.let_work(0.5)
        rig.redis.once("server-delay", seconds=STALL_S)
        rig.let_work(0.5)
    rig.everyone_works()


SCENARIO = Scenario(
    name="slow_server",
    story=__doc__,
    guarantees=("one-commit", "effects-once", "no-loss", "alive"),
    play=play,
    jobs=40,
    settings=SETTINGS,
    owns_server=True,
)

if __name__ == "__main__":
    from chaos.cli import main

    main(SCENARIO)
