"""A job kills its worker each time: for how long is it started again?

Each worker that dies is replaced. The question ends after 12 deaths, or after a minute.
"""

import time

from chaos.questions.facts import Facts
from chaos.questions.question import LONGEST_S, Answer, question
from chaos.questions.stage import JOB, again_s, runs_of, times
from chaos.rig.rig import Rig

_DEATHS = 12


def play(rig: Rig) -> None:
    rig.replaces = True
    rig.workers.start_all()
    path = str(rig.directory / "mended")
    rig.enqueue([rig.job({"do": "die", "path": path}, max_retries=5)])
    rig.wait("the job at work", rig.seen.started, JOB)
    end = time.monotonic() + LONGEST_S
    moved, quiet_since = rig.seen.moves(), time.monotonic()
    while time.monotonic() < end and rig.seen.moves() < _DEATHS:
        rig.let_work(0.1)
        if rig.seen.moves() != moved:
            moved, quiet_since = rig.seen.moves(), time.monotonic()
        if time.monotonic() - quiet_since > again_s(rig):
            break
    rig.directory.joinpath("mended").touch()  # it does no harm from now on
    rig.replaces = False


def reads(facts: Facts) -> Answer:
    runs = runs_of(facts)
    deaths = sum(run.outcome is None for run in runs)
    if facts.done(JOB):
        return Answer(words=f"still started after {deaths} deaths", tone="bad")
    if deaths == 1:
        return Answer(words="never again after the first death", tone="told")
    return Answer(words=f"given up after it ran {times(deaths)}", tone="good")


QUESTION = question("deadly", __doc__, play, reads)

if __name__ == "__main__":
    from chaos.cli.question import ask

    ask(QUESTION)
