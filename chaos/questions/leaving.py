"""A worker gets SIGTERM while it runs a job of 3 s: is the job finished, handed back or lost?

The signal goes to the process that was started, and another worker is there.
"""

import signal

from chaos.questions.told import told
from chaos.rig.rig import Rig
from chaos.rig.worker import Worker


def tell(rig: Rig, leaver: Worker) -> None:
    rig.workers.signal(leaver, signal.SIGTERM)


QUESTION = told("leaving", __doc__, tell)

if __name__ == "__main__":
    from chaos.cli.question import ask

    ask(QUESTION)
