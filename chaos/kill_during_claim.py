"""A worker is killed at the moment it claims jobs.

The dangerous window of every queue lies between the claim's arrival at the server and its reply's
arrival at the worker: the jobs are off the queue, and nobody knows that he has them. The wire
proxy stands in this window. It kills a worker (SIGKILL) when its claim command has arrived and is
not forwarded yet (before-send), when it has run on the server and its reply is not delivered
(before-reply), and right after the reply was delivered (after-reply). The jobs that the claim
took must be started again by another worker once the dead one's lock has expired.
"""

from chaos.rig.rig import Rig
from chaos.rig.scenario import Scenario


def play(rig: Rig) -> None:
    rig.enqueue(rig.busy_jobs(5, 25))
    rig.landed(*rig.workers.killed_around("claim"))
    rig.workers.start_all()


SCENARIO = Scenario(
    name="kill_during_claim",
    story=__doc__,
    guarantees=("no-loss", "recovery", "effects-once", "exclusive"),
    play=play,
)

if __name__ == "__main__":
    from chaos.cli import main

    main(SCENARIO)
