"""A terminal's SIGINT (Ctrl-C) reaches all processes of a worker that runs a job of 3 s: is the job
finished, handed back or lost?

Another worker is there.
"""

import signal

from chaos.questions.question import question
from chaos.questions.stage import JOB, at_work
from chaos.questions.told import await_leave, left
from chaos.rig.rig import Rig


def play(rig: Rig) -> None:
    leaver, _ = at_work(rig, {"do": "ok", "ms": 3_000})
    rig.workers.start()
    rig.workers.signal_all(leaver, signal.SIGINT)
    await_leave(rig, leaver, JOB)


QUESTION = question("interrupted", __doc__, play, left)

if __name__ == "__main__":
    from chaos.cli.question import ask

    ask(QUESTION)
