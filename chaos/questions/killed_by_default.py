"""The same, with the times that the queue has by itself: after how long does the job run again?

All processes of the worker get SIGKILL; another worker is there.
"""

from __future__ import annotations

from dataclasses import replace

from chaos.questions.killed import play
from chaos.questions.question import question
from chaos.questions.stage import again
from chaos.rig.setup import Setup
from chaos.targets import WorkerSettings


def with_its_own_times(setup: Setup) -> Setup:
    """The same run with what nobody has set."""
    own = setup.target.by_default
    if isinstance(own, WorkerSettings):
        return replace(setup, settings=own)
    return setup if own is None else replace(setup, target=own)


QUESTION = question("killed_by_default", __doc__, play, again, prepare=with_its_own_times)

if __name__ == "__main__":
    from chaos.cli.question import ask

    ask(QUESTION)
