"""A worker is killed at the moment it commits what it has finished.

The handler has done its work, and the store may or may not know. The wire proxy kills a worker
(SIGKILL) when its finish command has arrived and is not forwarded yet (before-send: the job must
be run again), when it has run on the server and its reply is not delivered (before-reply: it must
not), and right after the reply was delivered (after-reply). Either way the effects that the job
handed to its commit must be found exactly once.
"""

from chaos.cli.main import main
from chaos.rig.rig import Rig
from chaos.rig.scenario import Scenario


def play(rig: Rig) -> None:
    rig.enqueue([rig.job({"do": "ok", "ms": rig.random.randint(1, 15)}) for _ in range(rig.jobs)])
    rig.kill_around("finish")
    for _ in range(rig.workers):
        rig.worker()


SCENARIO = Scenario(
    name="kill_during_finish",
    story=__doc__,
    guarantees=("no-loss", "one-commit", "effects-once", "recovery"),
    play=play,
    jobs=120,
)

if __name__ == "__main__":
    main(SCENARIO)
