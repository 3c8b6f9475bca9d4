"""The server forgets its scripts (SCRIPT FLUSH), at exact moments and all the time.

Each kind of command is held up once on its way to the server. Then the scripts are flushed, the
command goes on, and finds no script. After that they are flushed again and again under load. A
restart or a failover does the same to every queue that is made of scripts. The command has not
run: its script must be loaded and the command sent again, and no job may be lost, run twice, or
counted as failed.
"""

from typing import Any

from chaos.rig.rig import Rig
from chaos.rig.scenario import Scenario
from chaos.rig.wire import At

#: A command by the transition it makes, and a job that brings it about.
MOMENTS: dict[str, dict[str, Any]] = {
    "claim": {"do": "ok"},
    "finish": {"do": "ok"},
    "retry": {"do": "fail", "times": 1},
    "refresh": {"do": "ok", "ms": 1_500},
}
FLUSHES = 40


def play(rig: Rig) -> None:
    worker = rig.workers.start()
    for moment, plan in MOMENTS.items():
        rig.wire.plan(worker, At(moment, "before-send", "partition"))
        rig.enqueue([rig.job(plan)])
        rig.landed(worker)
        rig.redis.once("server-scripts")
        rig.wire.heal(worker.name)
    rig.workers.start_all()
    rig.enqueue([rig.job({"do": "fail", "times": 2}) for _ in range(rig.setup.jobs)])
    with rig.load():
        for _ in range(FLUSHES):
            rig.redis.once("server-scripts")
            rig.let_work(rig.random.uniform(0.0, 0.1))
    rig.everyone_works()
    rig.calm()


SCENARIO = Scenario(
    name="scripts_flushed",
    story=__doc__,
    guarantees=("no-loss", "effects-once", "retry-once", "alive"),
    play=play,
    needs=(*MOMENTS,),
    workers=2,
    jobs=20,
    owns_server=True,
)

if __name__ == "__main__":
    from chaos.cli import main

    main(SCENARIO)
