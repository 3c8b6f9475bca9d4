"""Jobs fail all the time, and workers are killed at the moment they record a failure.

A retry is two facts, one more failure and a place in the queue, that must become true together.
The wire proxy kills workers (SIGKILL) when their retry command has arrived and is not forwarded
yet, when it has run on the server and its reply is not delivered yet, and right after the reply.
Some jobs succeed in the end. Others use up their budget and must be dead-lettered. None may be
tried more or less often than its budget allows.
"""

from chaos.rig.rig import Rig
from chaos.rig.scenario import Scenario


def play(rig: Rig) -> None:
    failures = [rig.random.randint(1, 5) for _ in range(rig.setup.jobs)]
    rig.enqueue([rig.job({"do": "fail", "times": times}) for times in failures])
    rig.landed(*rig.workers.killed_around("retry"))
    rig.workers.start_all()


SCENARIO = Scenario(
    name="retry_storm",
    story=__doc__,
    guarantees=("no-loss", "retry-once", "budget", "honest-dlq"),
    play=play,
)

if __name__ == "__main__":
    from chaos.cli import main

    main(SCENARIO)
