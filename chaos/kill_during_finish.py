"""A worker is killed at the moment it commits a finished job.

The handler has done its work, and the store may or may not know. The wire proxy kills the worker
(SIGKILL) at one of three moments: when the finish command has arrived and is not forwarded yet
(before-send: the job must be run again), when it has run on the server and its reply is not
delivered yet (before-reply: it must not), and right after the reply was delivered (after-reply).
In each case the effects that the job handed to its commit must be found exactly once.
"""

from chaos.rig.rig import Rig
from chaos.rig.scenario import Scenario


def play(rig: Rig) -> None:
    rig.enqueue(rig.busy_jobs(1, 15))
    rig.landed(*rig.workers.killed_around("finish"))
    rig.workers.start_all()


SCENARIO = Scenario(
    name="kill_during_finish",
    story=__doc__,
    guarantees=("no-loss", "one-commit", "effects-once", "recovery"),
    play=play,
    needs=("finish",),
    jobs=120,
)

if __name__ == "__main__":
    from chaos.cli import main

    main(SCENARIO)
