"""The server's clock is stepped back by two seconds, and later forwards by an hour.

As when a machine wakes up, or its time service corrects it. Locks and due times are the server's
time. Back: they all last two seconds longer, and everything has to wait for it. Forwards: every
lock runs out at once, while its holder is at work and believes in it. Another worker takes the job,
and whatever the first one writes must be refused: the fence must hold where the clock cannot.
"""

from chaos.rig.main import main
from chaos.rig.rig import Rig
from chaos.rig.scenario import Scenario
from chaos.servers import clock
from chaos.targets.target import Knobs

KNOBS = Knobs(lock_ttl_ms=1_000, concurrency=2)
BACK_S, FORWARDS_S = -2.0, 3_600.0


def play(rig: Rig) -> None:
    holders = [rig.worker() for _ in range(rig.workers)]
    with rig.load():
        rig.pause(0.5)
        with rig.redis.clock_stepped(BACK_S):
            rig.pause(-BACK_S)
    rig.wait("all of it done", lambda: not rig.inspector.backlog())
    held = [rig.job({"do": "ok", "ms": 1_500}) for _ in range(2 * rig.workers)]
    rig.enqueue(held)
    ids = {job.id for job in held}
    rig.wait("all of these held", lambda: ids <= set().union(*(m.started_jobs() for m in holders)))
    heir = rig.worker()
    with rig.redis.clock_stepped(FORWARDS_S):
        rig.wait("one of them taken over", lambda: bool(ids & heir.started_jobs()))
    rig.enqueue([rig.job() for _ in range(rig.jobs)])
    rig.everyone_works()


SCENARIO = Scenario(
    name="clock_jump",
    story=__doc__,
    guarantees=("fenced", "one-commit", "effects-once", "no-loss", "alive"),
    play=play,
    workers=2,
    jobs=20,
    knobs=KNOBS,
    owns_server=True,
    own_clock=True,
    lacking=clock.lacking,
)

if __name__ == "__main__":
    main(SCENARIO)
