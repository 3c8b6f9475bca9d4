"""Workers are told to leave while a reply to one of their commands is held back.

The wire proxy sends SIGTERM, SIGINT, SIGHUP or SIGQUIT while a claim is under way, a renewal, or
the write of a job's end, and lets the reply through a little later. The jobs of such a claim must
not be started any more, nor kept: they are handed back. What was under way is written once.
"""

from chaos.faults import Side
from chaos.rig.rig import Rig
from chaos.rig.scenario import Scenario
from chaos.rig.wire import At
from chaos.targets import Job, WorkerSettings

#: The transition, the side of its command, the signal, and which of these commands it is.
MOMENTS: tuple[tuple[str, Side, str, int], ...] = (
    ("claim", "before-reply", "term", 1),
    ("claim", "before-send", "int", 2),
    ("claim", "before-reply", "quit", 2),
    ("finish", "before-reply", "term", 1),
    ("finish", "before-send", "hup", 1),
    ("retry", "before-reply", "int", 1),
    ("refresh", "before-reply", "hup", 1),
)
HELD_MS = 400


def play(rig: Rig) -> None:
    work = [*rig.busy_jobs(100, 900), *_failing(rig)]
    rig.random.shuffle(work)
    rig.enqueue(work)
    leavers = [
        rig.workers.start(At(moment, side, kind, nth, {"for_ms": HELD_MS}))
        for moment, side, kind, nth in MOMENTS
    ]
    rig.workers.start_all()
    rig.landed(*leavers, offer=lambda: _failing(rig))
    for leaver in leavers:
        rig.allow(2 * rig.setup.settings.grace_s, leaver.left)


def _failing(rig: Rig) -> list[Job]:
    """Jobs that bring about each moment: they are claimed, take their time, fail, and finish."""
    return [rig.job({"do": "fail", "times": 2, "ms": 500}) for _ in range(10)]


SCENARIO = Scenario(
    name="signals_on_the_wire",
    story=__doc__,
    guarantees=("drain", "no-loss", "one-commit", "effects-once", "retry-once"),
    play=play,
    needs=("claim", "finish", "retry", "refresh"),
    workers=2,
    jobs=60,
    settings=WorkerSettings(grace_s=1.0, cleanup_s=0.3),
)

if __name__ == "__main__":
    from chaos.cli import main

    main(SCENARIO)
