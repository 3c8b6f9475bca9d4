"""The server's clock is stepped: forwards by an hour, back by two seconds, forwards again.

A machine that wakes up, or a time service that corrects it, does the same. Locks and due times
follow the server's clock. Forwards: every lock expires at once, while its holder believes in it.
One holder stands still (SIGSTOP) with its completion on the way; another worker takes the job and
does it; then the completion arrives and must be refused. The fence holds where the clock cannot.
Back: locks and delays last two seconds longer, and everything has to wait. Then forwards again,
under load.
"""

from chaos.rig.rig import Rig
from chaos.rig.scenario import Scenario
from chaos.rig.wire import At
from chaos.servers import clock
from chaos.targets import WorkerSettings

SETTINGS = WorkerSettings(lock_ttl_ms=3_000)
BACK_S, FORWARDS_S = -2.0, 3_600.0


def play(rig: Rig) -> None:
    zombie = rig.workers.start(At("finish", "before-send", "pause", more={"then": "hold"}))
    job = rig.job({"do": "ok", "ms": 50})
    rig.enqueue([job])
    rig.landed(zombie)
    rig.workers.start_all()
    with rig.redis.during("server-clock", seconds=FORWARDS_S):
        rig.wait(f"{job.own_id} done again", rig.seen.done_by_another, job.own_id, zombie)
    rig.workers.resume(zombie)
    rig.enqueue([rig.job({"do": "ok", "ms": 900}) for _ in range(rig.setup.jobs)])
    with rig.load():
        for step_s in (BACK_S, FORWARDS_S):
            rig.let_work(0.5)
            with rig.redis.during("server-clock", seconds=step_s):
                rig.let_work(max(0.5, -step_s))
    rig.everyone_works()


SCENARIO = Scenario(
    name="clock_jump",
    story=__doc__,
    guarantees=("fenced", "one-commit", "effects-once", "no-loss"),
    play=play,
    needs=("finish",),
    workers=2,
    jobs=20,
    settings=SETTINGS,
    owns_server=True,
    own_clock=True,
    lacking=clock.lacking,
)

if __name__ == "__main__":
    from chaos.cli import main

    main(SCENARIO)
