"""The life of a cell's jobs: what they are, what happens to them, and how each must end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from chaos.history.events import Expected
from chaos.jobs import ECHO
from chaos.targets import Job, WorkerSettings

Order = Literal["enqueue", "requeue", "cancel"]
"""What a producer or an operator does; it takes all jobs, or those that the life names."""

Victim = Literal["worker", "producer", "operator"]
"""The process that is hit: the worker, the one that enqueues, or an operator."""

#: Every queue that lives use, the usual one first.
QUEUES = ("chaos", "second")
#: Times are short: a cell whose worker is killed takes at least as long as the lock's TTL.
SETTINGS = WorkerSettings(
    queues=QUEUES,
    concurrency=1,
    lock_ttl_ms=400,
    poll_max_ms=50,
    health_interval_ms=2_000,
    health_slack_ms=1_000,
    grace_s=2.0,
    cleanup_s=0.2,
    retry_base_s=0.02,
)
#: Of producers and operators, whose commands may take as long as a lock's TTL here.
PATIENT = replace(SETTINGS, lock_ttl_ms=1_500)
#: Arguments that are easily lost, which every job gets back as its result.
_ARGUMENTS: Mapping[str, Any] = {
    "args": (None, 0, "", "é", [1, {"deep": False}]),
    "kwargs": {"empty": {}, "ratio": 0.5},
    "result": ECHO,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """The end that a job must come to, whatever fault hits its life. None: it may be anything."""

    state: Literal["completed", "dead"] = "completed"
    #: It is in the dead-letter queue.
    listed: bool = False
    retries: int | None = 0
    crashes: int | None = None

    def of(self, job: Job, name: str) -> Expected:
        """The same, for the history. `name` is the job's id, which the queue may have given."""
        completed = self.state == "completed"
        return Expected(
            job=name,
            state=self.state,
            listed=self.listed,
            retries=self.retries,
            crashes=self.crashes,
            effects=job.effects if completed else 0,
            result=job.returns if completed else None,
        )


DEAD = End(state="dead", listed=True)
CANCELLED = End(state="dead")


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """Something that the rig does as soon as the wire shows a transition: it tells the victim to
    stop (`term`), or cancels a job."""

    do: Literal["term", "cancel"]
    #: The transition, of the victim or, for `cancel`, of the job.
    on: str
    nth: int = 1
    #: The number of the job to cancel.
    job: int = 1
    #: The answer to the victim's first such command is held back for so long.
    held_ms: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """The life of a cell's jobs, and the process that the fault hits."""

    name: str
    meaning: str
    #: Fields of each job, without its id; `id` is False for one that the queue gives its id.
    jobs: tuple[Mapping[str, Any], ...]
    #: One for each job, or one for all.
    ends: tuple[End, ...] = (End(),)
    victim: Victim = "worker"
    #: The orders of a producer or an operator, and the numbers of its jobs; none: all.
    order: Order = "enqueue"
    ordered: tuple[int, ...] = ()
    #: The client of a producer (`Target.clients`).
    client: str = "sync"
    #: Workers have run until nothing was left before the operator comes.
    worked_before: bool = False
    #: The settings of all workers, and the victim's own.
    settings: WorkerSettings = SETTINGS
    own: WorkerSettings | None = None
    #: Queues that workers serve, in this order.
    serves: tuple[str, ...] = QUEUES[:1]
    acts: tuple[Act, ...] = ()
    #: A job may kill its worker.
    dies: bool = False
    #: Pairs of jobs' numbers: without a fault, the first one is started before the second.
    in_order: tuple[tuple[int, int], ...] = ()
    #: Numbers of jobs whose unique key must be free in the end: another one is accepted and done.
    again: tuple[int, ...] = ()
    #: All commands of the victim are boundaries, and not only those that move a job.
    whole: bool = False

    @property
    def drained(self) -> bool:
        """True if the victim is told to leave."""
        return any(act.do == "term" for act in self.acts)

    def make(self, prefix: str, directory: Path) -> tuple[Job, ...]:
        """The jobs of one cell; ids and unique keys begin with `prefix`."""
        return tuple(
            _job({**_ARGUMENTS, **template}, f"{prefix}-job-{number}", prefix, directory)
            for number, template in enumerate(self.jobs, 1)
        )

    def end(self, number: int) -> End:
        """The end of the job of this number."""
        return self.ends[number - 1] if len(self.ends) > 1 else self.ends[0]


def _job(fields: dict[str, Any], name: str, prefix: str, directory: Path) -> Job:
    fields = {"id": name, "effects": 0, "plan": {"do": "ok"}, **fields}
    plan = {"result": fields["result"], **fields.pop("plan")}
    if "path" in plan:
        plan["path"] = str(directory / plan["path"])
    if "unique" in fields:
        fields["unique"] = f"{prefix}-{fields['unique']}"
    return Job(plan=plan, **fields)
