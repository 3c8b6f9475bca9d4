"""A worker is killed at the moment it claims jobs.

The dangerous window of every queue lies between the claim's arrival at the server and its reply's
arrival at the worker: the jobs are off the queue, and their worker does not know of them. The wire
proxy stands in this window. It kills a worker (SIGKILL) at one of three moments: when the claim
has arrived and is not forwarded yet (before-send), when it has run on the server and its reply is
not delivered yet (before-reply), and right after the reply was delivered (after-reply). Another
worker must start the claimed jobs again once the dead worker's lock has expired.
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
    guarantees=("no-loss", "recovery", "effects-once", "exclusive", "fair", "capacity"),
    play=play,
    needs=("claim",),
)

if __name__ == "__main__":
    from chaos.cli import main

    main(SCENARIO)
