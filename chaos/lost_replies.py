"""A share of all replies, drawn from the seed, never arrives.

A client that waits for such a reply sees its connection close, and cannot know whether its command
has run. Workers and the producer must ask again in a way that does no harm if it has: no job
twice, no failure counted twice, no effect repeated, no claim forgotten.
"""

from chaos.rig.rig import Rig
from chaos.rig.scenario import Scenario
from chaos.rig.wire import At

SHARE = 0.1
#: The share is drawn among this many first commands of each process.
COMMANDS = 300


def play(rig: Rig) -> None:
    for _ in range(rig.setup.workers):
        rig.workers.start(*_losses(rig))
    rig.enqueue([rig.job({"do": "fail", "times": 2}) for _ in range(rig.setup.jobs)])
    with rig.load(*_losses(rig)):
        rig.let_work(4.0)
    rig.wire.call_off()
    rig.everyone_works()


def _losses(rig: Rig) -> list[At]:
    numbers = [n for n in range(1, COMMANDS + 1) if rig.random.random() < SHARE]
    return [At("any", "before-reply", "lost-reply", nth=n) for n in numbers]


SCENARIO = Scenario(
    name="lost_replies",
    story=__doc__,
    guarantees=("one-commit", "effects-once", "retry-once", "no-loss", "alive"),
    play=play,
    jobs=20,
)

if __name__ == "__main__":
    from chaos.cli import main

    main(SCENARIO)
