"""What a process does that was forked for a cell: work, enqueue, or requeue."""

from __future__ import annotations

import os
import signal
from dataclasses import asdict
from pathlib import Path
from typing import Any, NoReturn

from chaos.history import Recorder, Write
from chaos.history.events import EnqueueFailed, EnqueueInvoked, EnqueueOk, EnqueueUncertain
from chaos.rig.enqueue import enqueue
from chaos.targets import (
    CanRequeue,
    EnqueueInDoubt,
    EnqueueRefused,
    Job,
    Target,
    WorkerSettings,
    WorkerSpec,
)


def order(do: str, spec: WorkerSpec, log: Path, jobs: tuple[Job, ...] = ()) -> dict[str, Any]:
    """What the nursery is told. `do` is work, enqueue or requeue."""
    told = {"do": do, "name": spec.name, "log": str(log), "role": asdict(spec)}
    return told | {"jobs": [asdict(job) for job in jobs]}


def work_as(target: Target, order: dict[str, Any]) -> NoReturn:
    """Carry out an order in this process, and leave it."""
    told = dict(order["role"])
    spec = WorkerSpec(**told | {"settings": WorkerSettings(**told["settings"])})
    if order["do"] == "work":
        signal.signal(signal.SIGINT, signal.default_int_handler)
        target.start(spec)
    jobs = [Job(**job) for job in order["jobs"]]
    write = Recorder(Path(spec.history), spec.name).write
    producer = target.producer(spec.url, spec.settings)
    if order["do"] == "enqueue":
        enqueue(producer, jobs, spec.settings, write)
    else:
        if not isinstance(producer, CanRequeue):
            raise NotImplementedError(f"the producer of {target.name} has no `requeue`")
        for job in jobs:
            _requeue(producer, job.id, write)
    os._exit(0)


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
