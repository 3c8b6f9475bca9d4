"""The server refuses writes for a while, and then accepts them again.

The first time it has become a replica, as after a failover that its clients have not noticed. The
second time it misses the replicas that it was told to need for writes. Both last longer than locks
live. The server answers all the time, and says no. Workers must treat that as trouble and not as
an end, and finish their jobs when the server accepts writes again.
"""

from chaos.rig.rig import Rig
from chaos.rig.scenario import Scenario
from chaos.targets import WorkerSettings

SETTINGS = WorkerSettings(lock_ttl_ms=1_000)


#: The server is a replica; or it misses the replicas without which it must not write.
REASONS = ("replica", "alone")


def play(rig: Rig) -> None:
    rig.workers.start_all()
    rig.enqueue(rig.busy_jobs(5, 900))
    with rig.load():
        for reason in REASONS:
            rig.let_work(0.5)
            with rig.redis.during("server-readonly", reason=reason):
                rig.let_work(1.7)
        rig.let_work(0.5)
    rig.everyone_works()


SCENARIO = Scenario(
    name="read_only",
    story=__doc__,
    guarantees=("no-loss", "effects-once", "retry-once", "alive"),
    play=play,
    jobs=40,
    settings=SETTINGS,
    owns_server=True,
)

if __name__ == "__main__":
    from chaos.cli import main

    main(SCENARIO)
