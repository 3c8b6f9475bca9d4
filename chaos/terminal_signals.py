"""A terminal signals a fleet's parent and all of its workers at once, once or twice.

SIGINT (Ctrl-C) reaches a worker twice: from the terminal, and through its parent. That is one wish:
what runs must go on for the grace period, also if the parent stands still at first, and says so
late. A second signal to all of them must hand back everything at once, and so must SIGQUIT
(Ctrl-\\). Nobody may be left behind, and the next fleet does the rest.
"""

import signal

from chaos.rig.rig import Rig
from chaos.rig.scenario import Scenario
from chaos.targets import WorkerSettings

#: A grace period that is much longer than a worker in a hurry may take, on a busy machine too.
SETTINGS = WorkerSettings(lock_ttl_ms=1_000, grace_s=6.0, cleanup_s=0.3, concurrency=2)
SIGNALS = ((signal.SIGINT,), (signal.SIGINT, signal.SIGTERM), (signal.SIGQUIT,))
ENDS_MS, OUTLASTS_MS = 2_000, 20_000
#: The parent says nothing for so long: enough for its workers to have heard the terminal.
_STANDS_STILL_S = 0.3


def play(rig: Rig) -> None:
    fleets = [rig.workers.fleet() for _ in (*SIGNALS, "late")]
    slots = rig.setup.settings.concurrency * rig.setup.workers * len(fleets)
    plans = ({"do": "ok", "ms": ENDS_MS}, {"do": "once", "ms": OUTLASTS_MS})
    jobs = [rig.job(plans[n % 2]) for n in range(slots)]
    rig.enqueue(jobs)
    rig.wait("all of the jobs at work", rig.seen.all_started, jobs)
    *prompt, late = fleets
    for fleet, numbers in zip(prompt, SIGNALS, strict=True):
        for number in numbers:
            rig.workers.signal_all(fleet, number)
    with rig.workers.stopped(late):
        rig.workers.signal_all(late, signal.SIGINT)
        rig.let_work(_STANDS_STILL_S)
    rig.workers.fleet()
    for fleet in fleets:
        rig.allow(2 * rig.setup.settings.grace_s, fleet.left)


SCENARIO = Scenario(
    name="terminal_signals",
    story=__doc__,
    guarantees=("drain", "exclusive", "no-loss", "effects-once"),
    play=play,
    needs=("fleet",),
    workers=2,
    settings=SETTINGS,
)

if __name__ == "__main__":
    from chaos.cli import main

    main(SCENARIO)
