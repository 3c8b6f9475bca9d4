"""A worker stands still until another one runs its job, and then goes on: what becomes of both?

All processes of the worker get SIGSTOP, and SIGCONT when the other one has started the job, or
when that does not come about. Either run takes 3 s.
"""

from chaos.questions.facts import Facts
from chaos.questions.question import Answer, question
from chaos.questions.stage import JOB, again_s, at_work, runs_of, seconds, times
from chaos.rig.rig import Rig


def play(rig: Rig) -> None:
    zombie = at_work(rig, {"do": "ok", "ms": 3_000})
    rig.workers.start()
    with rig.workers.all_stopped(zombie):
        rig.allow(again_s(rig), rig.seen.started_by_another, JOB, zombie)
    rig.allow(again_s(rig), rig.seen.done, JOB)
    rig.let_work(3.5)  # the other run, if any


def reads(facts: Facts) -> Answer:
    first, *others = runs_of(facts)
    if not others:
        done = Answer(words="not taken over; done when it went on", tone="good")
        return done if facts.done(JOB) else Answer(words="lost", tone="bad")
    after_s, ended = others[0].start_s - facts.fault_s, len(others) + (first.outcome == "ok")
    taken = any(run.process != first.process for run in others)
    words = f"taken over after {seconds(after_s)}; " if taken else "not taken over; "
    if first.outcome == "ok":
        return Answer(words=f"{words}ran {times(ended)} to its end", tone="bad", again_s=after_s)
    if not facts.done(JOB):
        return Answer(words=f"{words}not done", tone="bad", again_s=after_s)
    return Answer(words=f"{words}the first run was stopped", tone="good", again_s=after_s)


QUESTION = question("stopped", __doc__, play, reads)

if __name__ == "__main__":
    from chaos.cli.question import ask

    ask(QUESTION)
