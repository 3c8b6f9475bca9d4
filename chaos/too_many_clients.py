"""The server closes all connections and lets nobody in for a while (`maxclients`).

For longer than locks live, so that every worker has to give up its jobs, and needs a connection
before it can do anything at all. When there is room again all of them come back by themselves.
"""

from chaos.cli.main import main
from chaos.rig.rig import Rig
from chaos.rig.scenario import Scenario
from chaos.targets.target import WorkerSettings

SETTINGS = WorkerSettings(lock_ttl_ms=1_000)


def play(rig: Rig) -> None:
    for _ in range(rig.workers):
        rig.worker()
    rig.enqueue([rig.job({"do": "ok", "ms": rig.random.randint(5, 900)}) for _ in range(rig.jobs)])
    with rig.load():
        rig.pause(0.5)
        with rig.redis.crowded():
            rig.pause(2.0)
        rig.pause(0.5)
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
    main(SCENARIO)
