"""The start of a process in a run, and the lines that tell of its life."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from chaos.history import Write
from chaos.history.events import Process as ProcessEvent
from chaos.history.events import ProcessExited, ProcessSpawned
from chaos.processes import ExitStatus, Handle
from chaos.rig.wire import Wire
from chaos.targets import WorkerSpec

#: Starts a process that is told this. Calls the second argument as soon as there is a handle, which
#: must be before the process can send its first command.
Begin = Callable[[WorkerSpec, Callable[[Handle], None]], Handle]


@dataclass(slots=True, kw_only=True)
class Life:
    """A process of the target, or one that enqueues, from its start to its end."""

    name: str
    #: `worker`, `fleet` (the parent of some), or another.
    role: str
    burst: bool
    process: Handle
    record: Write
    #: Its instructions, where they are known.
    spec: WorkerSpec | None = None
    #: Its end has been noted.
    gone: bool = field(default=False, init=False)
    #: SIGKILL ended it.
    killed: bool = field(default=False, init=False)

    @property
    def room(self) -> dict[str, Any]:
        """The jobs that it, or each worker of this fleet, may run at a time, and its queues."""
        if self.spec is None:
            return {}
        queues = ",".join(self.spec.serves)
        return {"concurrency": self.spec.settings.concurrency, "queues": queues}

    def note(self, event: type[ProcessEvent], *, t: int | None = None, **more: Any) -> None:
        """Write down what has happened to it, now or at `t`."""
        pid = self.process.pid
        told = event(
            name=self.name, role=self.role, burst=self.burst, child_pid=pid, **self.room, **more
        )
        self.record(told, t=t)

    def look(self) -> ExitStatus | None:
        """Note its end, once. Returns how it ended when that has just become known."""
        status = None if self.gone else self.process.poll()
        if status is not None:
            self.gone, self.killed = True, status.signal == signal.SIGKILL
            self.note(ProcessExited, code=status.code, signal=status.signal)
        return status


def start(
    begin: Begin, spec: WorkerSpec, record: Write, wire: Wire | None = None, role: str = "worker"
) -> Life:
    """Start a process, behind its listener where there is a wire, and note that it was started."""

    def attach(process: Handle) -> None:
        if wire is not None:
            wire.attach(spec.name, process)

    at = time.monotonic_ns()
    process = begin(spec, attach)
    life = Life(
        name=spec.name, role=role, burst=spec.burst, process=process, record=record, spec=spec
    )
    life.note(ProcessSpawned, t=at)
    return life
