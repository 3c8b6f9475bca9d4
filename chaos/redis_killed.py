"""The server is killed (SIGKILL) twice under load, and started again with what it had stored.

With `--durability always` it answers only when its append-only file is on disk: everything that
was acknowledged must be there again, and run exactly once. With `none` there is no file, and the
verdict has to find and count the losses. With `everysec` the file is written before each answer,
and only its way to the disk is left to chance. The death of the process alone loses nothing then,
because the operating system keeps the writes. Only the death of the machine loses that second
(`power_loss`).
"""

from chaos.rig.rig import Rig
from chaos.rig.scenario import Parameter, Scenario
from chaos.rig.setup import durable_as_asked

KILLS = 2


def play(rig: Rig) -> None:
    rig.workers.start_all()
    for _ in range(KILLS):
        rig.enqueue([rig.job(delay_ms=rig.random.randint(1, 2_000)) for _ in range(rig.setup.jobs)])
        with rig.load():
            rig.let_work(rig.random.uniform(0.3, 0.8))
            with rig.redis.during("server-kill"):
                rig.let_work(0.3)
            rig.let_work(0.3)
    rig.everyone_works()


SCENARIO = Scenario(
    name="redis_killed",
    story=__doc__,
    guarantees=("no-loss", "alive", "effects-once"),
    play=play,
    jobs=40,
    prepare=durable_as_asked,
    owns_server=True,
    parameters=(
        Parameter(
            name="durability",
            help="How the server makes writes durable.",
            default="always",
            choices=("always", "everysec", "none"),
        ),
    ),
)

if __name__ == "__main__":
    from chaos.cli import main

    main(SCENARIO)
