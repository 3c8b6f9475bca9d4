"""The part that a forked process plays in a cell: it works, enqueues, or requeues."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from chaos.history import Recorder, Write
from chaos.history.events import EnqueueFailed, EnqueueInvoked, EnqueueOk, EnqueueUncertain
from chaos.rig.enqueue import enqueue
from chaos.targets import (
    CanCancel,
    CanRequeue,
    EnqueueInDoubt,
    EnqueueRefused,
    Job,
    Target,
    WorkerSettings,
    WorkerSpec,
    find_target,
)

#: The name of `prepare`, for a fork server.
PREPARE = f"{__name__}:prepare"


def order(
    do: str, spec: WorkerSpec, jobs: Sequence[Job] = (), client: str = "sync"
) -> dict[str, Any]:
    """An order for a process of a cell. `do` is `work`, or an `Order` (`chaos.sweep.life`)."""
    return {"do": do, "client": client, "spec": asdict(spec), "jobs": [asdict(job) for job in jobs]}


def prepare(target: str) -> Callable[[dict[str, Any]], None]:
    """Import what a target's processes need, and return what each does with its order."""
    found = find_target(target)
    found.warm()
    return lambda order: carry_out(found, order)


def carry_out(target: Target, order: dict[str, Any]) -> None:
    """Carry out an order in a process of its own."""
    told = dict(order["spec"])
    spec = WorkerSpec(**told | {"settings": WorkerSettings(**told["settings"])})
    if order["do"] == "work":
        target.start(spec)
    jobs = [Job(**job) for job in order["jobs"]]
    write = Recorder(Path(spec.history), spec.name).write
    producer = target.clients.get(order["client"], target.producer)(spec.url, spec.settings)
    match order["do"]:
        case "requeue":
            if not isinstance(producer, CanRequeue):
                raise NotImplementedError(f"the producer of {target.name} has no `requeue`")
            for job in jobs:
                _requeue(producer, job.own_id, write)
        case "cancel":
            if not isinstance(producer, CanCancel):
                raise NotImplementedError(f"the producer of {target.name} has no `cancel`")
            for job in jobs:
                with suppress(EnqueueRefused, EnqueueInDoubt):  # another operator repeats it
                    producer.cancel(job.own_id)
        case _:
            enqueue(producer, jobs, spec.settings, write)


def _requeue(producer: CanRequeue, job: str, write: Write) -> None:
    """Requeue a dead job, and write down what the operator knows about it."""
    about: dict[str, Any] = {"op": f"{job}-requeue", "job": job, "kind": "requeue"}
    write(EnqueueInvoked(**about))
    try:
        producer.requeue(job)
    except EnqueueRefused as error:
        write(EnqueueFailed(error=str(error), **about))
    except EnqueueInDoubt as error:
        write(EnqueueUncertain(error=str(error), **about))
    else:
        write(EnqueueOk(**about))
