"""All connections are closed by the server (CLIENT KILL), again and again under load.

As an operator, a proxy or a fail-over does. Commands are cut off before they ran and after; nobody
can tell which. Workers must connect again at once, keep their locks, and go on.
"""

from chaos.cli.main import main
from chaos.rig.rig import Rig
from chaos.rig.scenario import Scenario

KILLS = 25


def play(rig: Rig) -> None:
    for _ in range(rig.workers):
        rig.worker()
    rig.enqueue([rig.job({"do": "ok", "ms": 2_000}) for _ in range(rig.jobs)])
    with rig.load():
        for _ in range(KILLS):
            rig.redis.drops_clients()
            rig.pause(rig.random.uniform(0.0, 0.25))
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
    main(SCENARIO)
