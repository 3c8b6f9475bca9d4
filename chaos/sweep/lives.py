"""The lives of a job that are swept. Each ends by itself: workers are in burst mode.

Times are short: a cell whose worker is killed takes at least as long as the lock's TTL.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from chaos.targets import Job, WorkerSettings

SETTINGS = WorkerSettings(
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """The life of a cell's jobs, and the process that the fault hits."""

    name: str
    meaning: str
    #: Fields of each job, without its id.
    jobs: tuple[dict[str, Any], ...]
    #: The process that is hit: the worker, the one that enqueues, or the one that requeues.
    victim: Literal["worker", "producer", "operator"] = "worker"
    #: The victim's own settings, where they are not `SETTINGS`.
    settings: WorkerSettings = SETTINGS
    #: SIGTERM to the victim as soon as its claim has taken the job.
    drained: bool = False
    #: The first job is cancelled as soon as a claim has taken it.
    cancelled: bool = False
    #: Afterwards another job with the same unique key must be accepted and done.
    again: bool = False

    def make(self, prefix: str, directory: Path) -> tuple[Job, ...]:
        """The jobs of one cell; ids and unique keys begin with `prefix`."""
        made = []
        for number, template in enumerate(self.jobs, 1):
            fields = {"effects": 0, **template}
            plan = dict(fields.pop("plan", {"do": "ok"}))
            if "path" in plan:
                plan["path"] = str(directory / plan["path"])
            if "unique" in fields:
                fields["unique"] = f"{prefix}-{fields['unique']}"
            made.append(Job(id=f"{prefix}-job-{number}", plan=plan, **fields))
        return tuple(made)


LIVES = (
    Life(name="succeeds", meaning="runs once and is done", jobs=({"plan": {"do": "ok", "ms": 5}},)),
    Life(
        name="fails-then-succeeds",
        meaning="fails, is retried after a back-off, and succeeds",
        jobs=({"plan": {"do": "fail", "times": 1}},),
    ),
    Life(
        name="fails-for-good",
        meaning="fails until its budget is used up, and is dead-lettered",
        jobs=({"plan": {"do": "fail", "times": 99}, "max_retries": 2},),
    ),
    Life(
        name="times-out",
        meaning="runs past its time-out of 1 s, with renewed locks, and is dead-lettered",
        jobs=({"plan": {"do": "hang"}, "timeout_s": 1, "doomed": True},),
    ),
    Life(name="deferred", meaning="waits until its time has come", jobs=({"delay_ms": 120},)),
    Life(
        name="unique",
        meaning="has a unique key, which is free again when the job is over",
        jobs=({"unique": "key"},),
        again=True,
    ),
    Life(name="with-effects", meaning="hands two effects to its commit", jobs=({"effects": 2},)),
    Life(
        name="drained",
        meaning="its worker gets SIGTERM as soon as the claim has taken it, and hands it back",
        jobs=({"plan": {"do": "ok", "ms": 150}},),
        # A worker that a busy machine holds up for longer than its lock's TTL has lost the job, and
        # has nothing to hand back.
        settings=replace(SETTINGS, lock_ttl_ms=1_500, grace_s=0.05, cleanup_s=0.05),
        drained=True,
    ),
    Life(
        name="cancelled",
        meaning="the first of two would never end; it is cancelled once it is held, for good",
        jobs=({"plan": {"do": "hang"}, "doomed": True}, {}),
        cancelled=True,
    ),
    Life(
        name="enqueue",
        meaning="the producer is hit, and another one enqueues the same job again",
        jobs=({"effects": 1},),
        victim="producer",
    ),
    Life(
        name="dlq-requeue",
        meaning="is dead-lettered; the operator who requeues it is hit, and another requeues it",
        jobs=({"plan": {"do": "until", "path": "mended"}, "max_retries": 1, "effects": 1},),
        victim="operator",
    ),
    Life(
        name="burst",
        meaning="three jobs, one of them deferred, and a worker that leaves only after all of them",
        jobs=({}, {"effects": 1}, {"delay_ms": 80}),
    ),
)
BY_NAME = {life.name: life for life in LIVES}
