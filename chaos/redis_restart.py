"""The server is shut down under load, is away for two seconds, and comes back with its data.

Meanwhile claims, completions, renewals and heartbeats fail, and locks expire. Workers must let go
of jobs whose locks they could not renew, keep trying, and go on when the server is back, without a
restart of their own. Producers hear that the fate of their latest jobs is unknown; every job that
was acknowledged before must still be there.
"""

from chaos.rig.rig import Rig
from chaos.rig.scenario import Scenario

AWAY_S = 2.0


def play(rig: Rig) -> None:
    rig.workers.start_all()
    rig.enqueue(rig.busy_jobs(5, 900))
    with rig.load():
        rig.let_work(0.7)
        with rig.redis.during("server-stop"):
            rig.let_work(AWAY_S)
        rig.let_work(0.7)
    rig.everyone_works()


SCENARIO = Scenario(
    name="redis_restart",
    story=__doc__,
    guarantees=("no-loss", "alive", "effects-once"),
    play=play,
    jobs=40,
    durability="everysec",
    owns_server=True,
)

if __name__ == "__main__":
    from chaos.cli import main

    main(SCENARIO)
