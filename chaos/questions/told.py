"""What becomes of the job of a worker that is told to leave."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from chaos.questions.facts import Facts
from chaos.questions.question import Answer, Question, question
from chaos.questions.stage import JOB, again_s, at_work, lost, runs_of, seconds
from chaos.rig.rig import Rig
from chaos.rig.worker import Worker

#: The job works for so long: less than the grace period that the rig asks for.
_WORK_MS = 3_000


def told(name: str, story: str, tell: Callable[[Rig, Worker], None]) -> Question:
    """The question what becomes of the job of a worker that is told like this."""
    return question(name, story, partial(_play, tell=tell), left)


def _play(rig: Rig, tell: Callable[[Rig, Worker], None]) -> None:
    leaver = at_work(rig, {"do": "ok", "ms": _WORK_MS})
    rig.workers.start()
    tell(rig, leaver)
    rig.allow(again_s(rig) + _WORK_MS / 1000, rig.seen.done, JOB)
    rig.allow(again_s(rig), leaver.left)


def left(facts: Facts) -> Answer:
    """The answer."""
    first, *others = runs_of(facts)
    leaver, told_s = first.process, facts.fault_s
    gone = facts.exits.get(leaver)
    how = ""
    if gone is not None and gone.signal:
        how = f"; the worker ended by signal {gone.signal}"
    elif gone is None:
        how = "; the worker did not leave"
    if first.outcome == "ok" and not others:
        return Answer(words=f"finished{how}", tone="good")
    if not others:
        return lost(facts)
    after_s = others[0].start_s - told_s
    if first.outcome == "ok":
        words = f"finished, and run again after {seconds(after_s)}{how}"
        return Answer(words=words, tone="bad", again_s=after_s)
    if not facts.done(JOB):
        return Answer(words=f"again after {seconds(after_s)}, not done{how}", tone="bad")
    return Answer(words=f"again after {seconds(after_s)}{how}", tone="good", again_s=after_s)
