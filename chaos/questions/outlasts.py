"""A job takes much longer than a dead worker's job takes to come back: does it run twice?

Nothing disturbs its worker; another one has nothing to do.
"""

from chaos.questions.facts import Facts
from chaos.questions.question import LONGEST_S, Answer, question
from chaos.questions.stage import JOB, again_s, at_work, runs_of, seconds, times
from chaos.rig.rig import Rig


def play(rig: Rig) -> None:
    long_s = min(2.5 * again_s(rig), LONGEST_S)
    at_work(rig, {"do": "ok", "ms": round(1000 * long_s)})
    rig.workers.start()
    rig.allow(long_s + again_s(rig), rig.seen.over, JOB)


def reads(facts: Facts) -> Answer:
    first, *others = runs_of(facts)
    early = [run for run in others if run.start_s < (first.end_s or facts.until_s)]
    if early:
        after_s = early[0].start_s - first.start_s
        words = f"{times(1 + len(others))}: started again after {seconds(after_s)}"
        return Answer(words=words, tone="bad", again_s=after_s)
    if first.end_s is None:
        return Answer(words="it did not come to its end", tone="told")
    took = seconds(first.end_s - first.start_s)
    if first.outcome != "ok":
        return Answer(words=f"stopped after {took}", tone="told")
    return Answer(words=f"once, in {took}", tone="good")


QUESTION = question("outlasts", __doc__, play, reads)

if __name__ == "__main__":
    from chaos.cli.question import ask

    ask(QUESTION)
