"""Jobs fail all the time, and workers are killed at the moment they record a failure.

A retry is two facts, one more failure and a place in the queue, that must become true together.
The wire proxy kills workers (SIGKILL) when their retry command has arrived and is not forwarded
yet, when it has run on the server and its reply is not delivered yet, and right after the reply.
Some jobs succeed in the end. Others use up their budget and must be dead-lettered. None may be
tried more or less often than its budget allows. Then, while nobody disturbs them, jobs fail that
ask for delays of their own, shorter than the queue's: they must come back as soon as they asked.
"""

from chaos.rig.rig import Rig
from chaos.rig.scenario import Scenario
from chaos.targets import WorkerSettings

#: Delays that handlers ask for, in seconds; each after this many failures.
OWN_DELAYS_S, OWN_FAILURES = (0.0, 0.3), 3


def play(rig: Rig) -> None:
    failures = [rig.random.randint(1, 5) for _ in range(rig.setup.jobs)]
    rig.enqueue([rig.job({"do": "fail", "times": times}) for times in failures])
    rig.landed(*rig.workers.killed_around("retry"))
    rig.workers.start_all()
    rig.allow(10.0, rig.seen.idle)
    rig.let_work(rig.setup.settings.lock_ttl_ms / 1000)
    for delay_s in OWN_DELAYS_S:
        plan = {"fails": OWN_FAILURES, "raises": "retry", "delay_s": delay_s}
        rig.enqueue([rig.job(plan, max_retries=OWN_FAILURES + 1) for _ in range(5)])
    rig.calm()


SCENARIO = Scenario(
    name="retry_storm",
    story=__doc__,
    guarantees=("no-loss", "retry-once", "budget", "honest-dlq", "prompt"),
    play=play,
    needs=("retry",),
    # The usual delay is clearly longer than a worker with room may take to start what is due.
    settings=WorkerSettings(retry_base_s=1.0, poll_max_ms=100),
)

if __name__ == "__main__":
    from chaos.cli import main

    main(SCENARIO)
