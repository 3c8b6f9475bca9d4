"""Workers are cut off from the server for longer than their locks live, and reconnected.

Three of them: nothing passes; nothing reaches the server; nothing comes back from it. No connection
is closed. Each holds one job that obeys its cancellation and one that does not, and still runs when
the partition heals. A worker must let go of its jobs when their locks may have run out on its own
clock, another one does them, and what the first one writes afterwards must be refused.
"""

from contextlib import ExitStack

from chaos.faults import Direction
from chaos.rig.crew import Member
from chaos.rig.main import main
from chaos.rig.rig import Rig
from chaos.rig.scenario import Scenario
from chaos.targets.target import Knobs

KNOBS = Knobs(lock_ttl_ms=1_000, concurrency=2)
DIRECTIONS: tuple[Direction, ...] = ("both", "up", "down")


def play(rig: Rig) -> None:
    held = [(direction, *_at_work(rig)) for direction in DIRECTIONS]
    rig.enqueue([rig.job() for _ in range(rig.jobs)])
    with ExitStack() as partitions:
        for direction, member, _ in held:
            partitions.enter_context(rig.cut_off(member, direction))
        for _ in range(rig.workers):
            rig.worker()
        for _, member, jobs in held:
            for job in jobs:
                rig.wait(f"{job} started by another", rig.started_by_another, job, member)
    rig.everyone_works()


def _at_work(rig: Rig) -> tuple[Member, list[str]]:
    """A worker whose slots are all taken, by jobs that outlast its partition."""
    member = rig.worker()
    long = int(3.5 * KNOBS.lock_ttl_ms)
    jobs = [rig.job({"do": "ok", "ms": long}), rig.job({"do": "resist", "ms": long}, resists=True)]
    rig.enqueue(jobs)
    ids = [job.id for job in jobs]
    rig.wait("both jobs at work", member.started, *ids)
    return member, ids


SCENARIO = Scenario(
    name="partition",
    story=__doc__,
    guarantees=("fenced", "one-commit", "effects-once", "exclusive", "alive"),
    play=play,
    workers=3,
    jobs=20,
    knobs=KNOBS,
)

if __name__ == "__main__":
    main(SCENARIO)
