"""The server closes all connections, and for a while accepts none (`maxclients`).

This lasts longer than locks live, so every worker has to give up its jobs, and needs a connection
before it can do anything at all. When there is room again, all of them must come back by
themselves.
"""

from chaos.rig.rig import Rig
from chaos.rig.scenario import Scenario
from chaos.targets import WorkerSettings

SETTINGS = WorkerSettings(lock_ttl_ms=1_000)


def play(rig: Rig) -> None:
    rig.workers.start_all()
    rig.enqueue(rig.busy_jobs(5, 900))
    with rig.load():
        rig.let_work(0.5)
        with rig.redis.during("server-crowd"):
            rig.let_work(2.0)
        rig.let_work(0.5)
    rig.everyone_works()


SCENARIO = Scenario(
    name="too_many_clients",
    story=__doc__,
    guarantees=("no-loss", "effects-once", "alive"),
    play=play,
    jobs=40,
    settings=SETTINGS,
    owns_server=True,
)

if __name__ == "__main__":
    from chaos.cli import main

    main(SCENARIO)
