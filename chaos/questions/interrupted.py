"""A terminal's SIGINT (Ctrl-C) reaches all processes of a worker that runs a job of 3 s: is the job
finished, handed back or lost?

Another worker is there.
"""

import signal

from chaos.questions.told import told
from chaos.rig.rig import Rig
from chaos.rig.worker import Worker


def tell(rig: Rig, leaver: Worker) -> None:
    rig.workers.signal_all(leaver, signal.SIGINT)


QUESTION = told("interrupted", __doc__, tell)

if __name__ == "__main__":
    from chaos.cli.question import ask

    ask(QUESTION)
