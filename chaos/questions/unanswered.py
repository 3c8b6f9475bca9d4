"""The reply to an enqueue is lost, and the producer enqueues the same job again: does it run once?

The connection is cut after the command that makes the enqueue true has run: the last write that
names the job before the producer is answered, as a clean enqueue has shown. One job still waits
when it is enqueued again, another one has run by then. A client that sends the command again by
itself, and is answered, has done both enqueues in one.
"""

from contextlib import closing

from chaos.faults import WireFault
from chaos.inference.clean_run import writing_commands
from chaos.inference.enqueueing import Storing, storing
from chaos.questions.facts import Facts
from chaos.questions.question import Answer, question
from chaos.questions.stage import JOB, again_s, times
from chaos.rig.enqueue import enqueue
from chaos.rig.problem import RigProblem
from chaos.rig.rig import Rig
from chaos.targets import Job
from chaos.wire import Exchange

#: The job that has run when it is enqueued again.
_RUN = "job-00002"
_PRODUCER = "producer"
#: Time in which a worker with nothing to do takes what is there twice.
_STILL_S = 3.0


def play(rig: Rig) -> None:
    waiting, run = rig.job(), rig.job()
    assert (waiting.own_id, run.own_id) == (JOB, _RUN)
    through = rig.wire.listener(_PRODUCER)
    step = _learned(rig, through)
    in_doubt = _unanswered(rig, waiting, through, step)
    if in_doubt:
        rig.enqueue([waiting], through)
    rig.workers.start()
    rig.allow(again_s(rig), rig.seen.done, waiting.own_id)
    if in_doubt:
        _unanswered(rig, run, through, step)
        rig.allow(again_s(rig), rig.seen.done, run.own_id)
        rig.enqueue([run], through)
    rig.let_work(_STILL_S)


def _learned(rig: Rig, through: str) -> Storing:
    """The command that makes an enqueue true. The first of two clean ones may load scripts."""
    for job in (rig.job(), rig.job()):
        seen = _enqueued(rig, job, through)
    asking = rig.setup.target.asks
    names = asking.names_of(job.own_id) if asking else {job.own_id.encode()}
    if (step := storing(seen, names, writing_commands(rig.server))) is None:
        raise RigProblem("no write of the producer names the job before it is answered")
    return step


def _enqueued(rig: Rig, job: Job, through: str) -> list[Exchange]:
    """Enqueue a job without a fault. Returns the producer's commands until it was answered."""
    seen: list[Exchange] = []
    rig.wire.watcher = lambda each: seen.append(each) if each.process == _PRODUCER else None
    rig.know([job.own_id])
    settings = rig.setup.settings
    with closing(rig.setup.target.producer(through, settings)) as producer:
        problem = enqueue(producer, [job], settings, rig.producer_log)
        rig.wire.watcher = None
    if problem is not None:
        raise RigProblem(f"a job could not be enqueued without any fault: {problem}")
    return seen


def _unanswered(rig: Rig, job: Job, through: str, step: Storing) -> bool:
    """Enqueue a job whose reply is lost. False if the client has asked again by itself and was
    answered. Raises `RigProblem` where the reply could not be lost."""
    lost = rig.wire.inject(
        WireFault(
            id=f"lost-{job.own_id}",
            process=_PRODUCER,
            match=step.match,
            nth=step.nth,
            side="before-reply",
            action="lost-reply",
        )
    )
    error = rig.enqueue([job], through)
    if not lost.landed:
        raise RigProblem(f"the reply could not be cut: no {step.match.label} came this time")
    return error is not None


def reads(facts: Facts) -> Answer:
    first, *later = facts.told[JOB]
    often = [len(facts.of(JOB))]
    how = "the client asked again by itself"
    if first != "ok":
        often.append(len(facts.of(_RUN)))
        how = f"the producer got an error{'' if 'ok' in later else ' both times'}"
    words = [times(number) if number else "not at all" for number in often]
    if len(set(words)) > 1:
        words = [f"{words[0]} if it still waits, {words[1]} if it has run"]
    return Answer(words=f"{words[0]}; {how}", tone="good" if {*often} == {1} else "bad")


QUESTION = question("unanswered", __doc__, play, reads)

if __name__ == "__main__":
    from chaos.cli.question import ask

    ask(QUESTION)
