"""A worker is killed while it runs a job: does the job run again, and after how long?

All processes of the worker get SIGKILL; another worker is there.
"""

from chaos.questions.question import question
from chaos.questions.stage import JOB, again, again_s, at_work
from chaos.rig.rig import Rig


def play(rig: Rig) -> None:
    victim = at_work(rig, {"do": "once", "ms": 600_000})
    rig.workers.start()
    rig.workers.kill_all_of(victim)
    rig.allow(again_s(rig), rig.seen.done_by_another, JOB, victim)


QUESTION = question("killed", __doc__, play, again)

if __name__ == "__main__":
    from chaos.cli.question import ask

    ask(QUESTION)
