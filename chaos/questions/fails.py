"""A job fails once: is it tried again, and after how long?"""

from chaos.questions.facts import Facts
from chaos.questions.question import Answer, question
from chaos.questions.stage import JOB, again_s, at_work, runs_of, seconds
from chaos.rig.rig import Rig


def play(rig: Rig) -> None:
    at_work(rig, {"do": "fail", "times": 1})
    rig.allow(again_s(rig), rig.seen.done, JOB)


def reads(facts: Facts) -> Answer:
    first, *others = runs_of(facts)
    if not others:
        return Answer(words="not tried again", tone="told")
    after_s = others[0].start_s - (first.end_s or first.start_s)
    return Answer(words=f"again after {seconds(after_s)}", tone="good", again_s=after_s)


QUESTION = question("fails", __doc__, play, reads)

if __name__ == "__main__":
    from chaos.cli.question import ask

    ask(QUESTION)
