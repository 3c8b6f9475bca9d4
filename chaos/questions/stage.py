"""What several questions do, and how they put it."""

from __future__ import annotations

from typing import Any

from chaos.questions.facts import Facts, JobRun
from chaos.questions.question import LONGEST_S, Answer
from chaos.rig.rig import Rig
from chaos.rig.worker import Worker

#: The id of the job that a question is about: the first one of its run.
JOB = "job-00001"
#: Beyond the time that a queue takes to start a dead worker's job again.
_MORE_S = 2.0


def at_work(rig: Rig, plan: dict[str, Any]) -> Worker:
    """A worker that runs the job, which has this plan."""
    worker, job = rig.workers.start(), rig.job(plan, max_retries=5)
    assert job.own_id == JOB
    rig.enqueue([job])
    rig.wait("the job at work", worker.started, JOB)
    return worker


def again_s(rig: Rig) -> float:
    """As long as it may take until the job of a dead worker runs again. Where nobody has ever seen
    that, as long as any question waits."""
    target = rig.setup.target
    if target.asks is not None and target.again_within_s is None:
        return LONGEST_S
    return rig.setup.recovery_s + _MORE_S


def seconds(time_s: float) -> str:
    """A time in words."""
    return f"{time_s:.0f} s" if time_s >= 10 else f"{time_s:.1f} s"


def again(facts: Facts) -> Answer:
    """Whether a job that was interrupted by the first fault ran again."""
    _first, *others = runs_of(facts)
    if not others:
        return lost(facts)
    after_s = others[0].start_s - facts.fault_s
    if not facts.done(JOB):
        return Answer(words="again, and not done", tone="bad", again_s=after_s)
    words = f"again after {seconds(after_s)}"
    if len(others) > 1:
        return Answer(words=f"{words}, {len(others)} times", tone="bad", again_s=after_s)
    return Answer(words=words, tone="good", again_s=after_s)


def lost(facts: Facts) -> Answer:
    """The job has not come back, although a fresh one was done meanwhile."""
    waited = f"not again within {seconds(facts.until_s - facts.fault_s)}"
    if facts.ends.get(JOB) == "dead":
        return Answer(words=f"recorded as failed; {waited}", tone="told")
    if left := facts.left.get(JOB):
        return Answer(words=f"stranded: {waited}; left are {left}", tone="bad")
    return Answer(words=f"lost: {waited}", tone="bad")


def runs_of(facts: Facts) -> list[JobRun]:
    """The runs of the job. Raises ValueError where there is none."""
    if not (runs := facts.of(JOB)):
        raise ValueError("the job has not run at all")
    return runs


def times(number: int) -> str:
    """How often, in words."""
    return {1: "once", 2: "twice"}.get(number, f"{number} times")
