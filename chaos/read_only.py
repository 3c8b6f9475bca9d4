"""The server does not accept writes for a while, and then does again.

Once because it has become a replica, as after a fail-over that a client has not noticed; once
because it misses the replicas without which it was told not to write. Both last longer than locks
live. It answers all the time, and says no: workers must take that for trouble and not for an end,
and finish what they can when the server writes again.
"""

from chaos.rig.rig import Rig
from chaos.rig.scenario import Scenario
from chaos.targets.target import WorkerSettings

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
