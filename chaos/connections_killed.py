"""The server closes all connections (CLIENT KILL), again and again under load.

An operator, a proxy or a failover does the same. Commands are cut off before and after they ran,
and their senders cannot tell which. Workers must connect again at once, keep their locks, and go
on.
"""

from chaos.rig.rig import Rig
from chaos.rig.scenario import Scenario

KILLS = 25


def play(rig: Rig) -> None:
    rig.workers.start_all()
    rig.enqueue([rig.job({"do": "ok", "ms": 2_000}) for _ in range(rig.setup.jobs)])
    with rig.load():
        for _ in range(KILLS):
            rig.redis.once("server-clients")
            rig.let_work(rig.random.uniform(0.0, 0.25))
    rig.everyone_works()


SCENARIO = Scenario(
    name="connections_killed",
    story=__doc__,
    guarantees=("no-loss", "one-commit", "effects-once", "exclusive", "alive"),
    play=play,
    jobs=5,
    owns_server=True,
)

if __name__ == "__main__":
    from chaos.cli import main

    main(SCENARIO)
