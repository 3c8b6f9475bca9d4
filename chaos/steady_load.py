"""One worker does thousands of small jobs, and what it uses must not grow.

Jobs succeed, fail and are tried again, are cancelled while they wait and while they run, and the
worker's connections are reset (RST) again and again. Each of these makes and drops something: a
task, a connection, an entry in a list. The rig samples the worker's memory, descriptors, sockets,
threads and tasks all the time. Whatever is forgotten once for each job, retry, cancel or reset
adds up. At the end there is nothing to do, and then the worker must ask for little.

Before it comes, a batch of a few hundred waits whose jobs are all due at the same time: they have
to be started in the order of the call.
"""

import contextlib
import time

from chaos.rig.rig import Rig
from chaos.rig.scenario import Parameter, Scenario
from chaos.targets import CanCancel, EnqueueInDoubt, EnqueueRefused, Job, WorkerSettings

#: Jobs of the batch, and of one turn; and the backlog below which the next turn comes.
BATCH, TURN, BACKLOG = 300, 60, 40
#: The time until the first reset, and the shortest one between two, in seconds.
UNDISTURBED_S, CALM_S = 1.0, 0.15
#: At the end there is nothing to do for this long, in seconds.
IDLE_S = 3.0


def play(rig: Rig) -> None:
    soon = time.time() + UNDISTURBED_S
    rig.enqueue([rig.job(defer_until=soon) for _ in range(BATCH)])
    worker = rig.workers.start()
    begun = time.monotonic()
    end, calm_until = begun + float(rig.setup.parameters["seconds"]), begun + UNDISTURBED_S
    with contextlib.closing(
        rig.setup.target.producer(rig.server.url, rig.setup.settings)
    ) as operator:
        while time.monotonic() < end:
            jobs = turn(rig)
            rig.enqueue(jobs)
            if isinstance(operator, CanCancel):
                for job in jobs[-4:]:
                    with contextlib.suppress(EnqueueInDoubt, EnqueueRefused):
                        operator.cancel(str(job.id))
            if time.monotonic() > calm_until:
                rig.wire.reset(worker, "under load")
                calm_until = time.monotonic() + CALM_S
            rig.wait("room for more", lambda: rig.seen.backlog() < BACKLOG)
    rig.everyone_works()
    rig.let_work(IDLE_S)


def turn(rig: Rig) -> list[Job]:
    """Jobs of all kinds. The last four may be cancelled at any time: two wait, two hang."""
    small = [rig.job({"do": "ok", "ms": rig.random.choice((0, 0, 2))}) for _ in range(TURN - 12)]
    failing = [rig.job({"do": "fail", "times": n}, max_retries=3) for n in (1, 1, 2, 9)]
    unique = [rig.job(unique=f"one-{n}") for n in (1, 1, 2, 2)]
    waiting = [rig.job(delay_ms=1_500, doomed=True) for _ in range(2)]
    hanging = [rig.job({"do": "hang"}, doomed=True) for _ in range(2)]
    return [*small, *failing, *unique, *waiting, *hanging]


SCENARIO = Scenario(
    name="steady_load",
    story=__doc__,
    guarantees=("state", "steady", "fair"),
    play=play,
    needs=("inspector",),
    workers=1,
    jobs=0,
    settings=WorkerSettings(
        concurrency=8, lock_ttl_ms=900, poll_max_ms=2_000, retry_base_s=0.02, max_crashes=100
    ),
    parameters=(Parameter(name="seconds", help="Length of the load.", default=8.0),),
)

if __name__ == "__main__":
    from chaos.cli import main

    main(SCENARIO)
