"""What becomes of two workers, and of the jobs that they run, when the server has trouble."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from chaos.faults import FAULTS
from chaos.questions.facts import Facts
from chaos.questions.question import Answer, Question, question
from chaos.questions.stage import again_s
from chaos.rig.rig import Rig
from chaos.servers import Durability

#: Jobs, how long each works, and how long the trouble lasts: every job ends after it.
_JOBS, _WORK_MS, _LASTS_S = 2, 4_000, 2.0


def trouble(name: str, story: str, fault: str, durability: Durability = "none") -> Question:
    """The question what becomes of them in this fault of the server."""
    play = partial(_play, fault=fault)
    return question(name, story, play, survived, owns_server=True, durability=durability)


def _play(rig: Rig, fault: str) -> None:
    rig.workers.start_all()
    jobs = [rig.job({"do": "ok", "ms": _WORK_MS}, max_retries=5) for _ in range(_JOBS)]
    rig.enqueue(jobs)
    rig.wait("the jobs at work", rig.seen.all_started, jobs)
    with _while(rig, fault):
        rig.let_work(_LASTS_S)
    limit_s = again_s(rig) + _WORK_MS / 1000
    rig.allow(limit_s, lambda: all(rig.seen.done(job.own_id) for job in jobs))
    rig.everyone_works()


@contextmanager
def _while(rig: Rig, fault: str) -> Iterator[None]:
    if FAULTS.server(fault).during is None:
        rig.redis.once(fault)
        yield
    else:
        with rig.redis.during(fault):
            yield


def survived(facts: Facts) -> Answer:
    """The answer: how the workers came through, and the jobs."""
    workers = {name for name, ready_s in facts.ready.items() if ready_s < facts.fault_s}
    jobs = {run.job for run in facts.runs if run.start_s < facts.fault_s}
    gone = [facts.exits[name] for name in workers - facts.stayed if name in facts.exits]
    still = [name for name in workers & facts.stayed if not facts.works.get(name, True)]
    lost = [job for job in jobs if not facts.done(job)]
    twice = [job for job in jobs if sum(run.outcome == "ok" for run in facts.of(job)) > 1]
    again = [job for job in jobs if len(facts.of(job)) > 1 and job not in twice]
    said = [f"{len(gone)} of {len(workers)} workers left ({gone[0]})"] if gone else []
    said += [f"{len(still)} of {len(workers)} workers stand still"] if still else []
    said = said or ["the workers go on"]
    for found, what in ((lost, "lost"), (twice, "done twice"), (again, "started again")):
        said += [f"{len(found)} of {len(jobs)} jobs {what}"] if found else []
    ill, ends = bool(still or lost or twice), bool(gone or again)
    return Answer(words="; ".join(said), tone="bad" if ill else "told" if ends else "good")
