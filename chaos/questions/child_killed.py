"""Only the child process that runs a job is killed: does the job run again, and after how long?

Its parent lives on, and so does another worker.
"""

from chaos.questions.facts import Facts
from chaos.questions.question import Answer, question
from chaos.questions.stage import JOB, again, again_s, at_work
from chaos.rig.rig import Rig


def play(rig: Rig) -> None:
    parent = at_work(rig, {"do": "once", "ms": 600_000})
    rig.workers.start()
    if rig.workers.kill_child(parent, JOB):
        rig.allow(again_s(rig), rig.seen.done, JOB)


def reads(facts: Facts) -> Answer:
    if not facts.faults:
        return Answer(words="a worker is one process", tone="told")
    return again(facts)


QUESTION = question("child_killed", __doc__, play, reads)

if __name__ == "__main__":
    from chaos.cli.question import ask

    ask(QUESTION)
