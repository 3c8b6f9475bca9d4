"""Processes that enqueue, each behind a listener of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from chaos.faults import Injection
from chaos.history import Write
from chaos.processes import Handle, ProcessGroup
from chaos.processes.modules import python
from chaos.rig import producing
from chaos.rig.life import Life, start
from chaos.rig.setup import Setup
from chaos.rig.wire import At, Wire
from chaos.targets import Job, WorkerSpec


@dataclass(slots=True, kw_only=True)
class ProducerProcess:
    """A process that enqueues some jobs in one call, and the faults that were planned for it."""

    life: Life
    jobs: Sequence[Job]
    injections: list[Injection]

    @property
    def name(self) -> str:
        return self.life.name

    def over(self) -> bool:
        """True once it has ended, which is noted."""
        self.life.look()
        return self.life.gone


@dataclass(slots=True)
class Producers:
    """Starts them."""

    setup: Setup
    directory: Path
    wire: Wire
    processes: ProcessGroup
    record: Write
    all: list[ProducerProcess] = field(default_factory=list)

    def start(self, jobs: Sequence[Job], client: str, *faults: At) -> ProducerProcess:
        """Start a process that enqueues these jobs through this client of the target, and asks
        again for what is in doubt."""
        name = f"producer-{len(self.all) + 1}"
        path = self.directory / f"{name}.json"
        producing.write_jobs(jobs, path)
        spec = WorkerSpec(
            name=name,
            url=self.wire.listener(name),
            history=str(self.directory / "history" / f"{name}.jsonl"),
            settings=self.setup.settings,
        )
        injections = [self.wire.planned(name, fault) for fault in faults]
        argv = python("chaos.rig.producing", self.setup.options.target, client, str(path))
        log = self.directory / "logs" / f"{name}.log"
        begin = partial(self._spawn, argv, log)
        life = start(begin, spec, self.record, self.wire, "producer")
        producer = ProducerProcess(life=life, jobs=jobs, injections=injections)
        self.all.append(producer)
        return producer

    def _spawn(
        self, argv: Sequence[str], log: Path, spec: WorkerSpec, attach: Callable[[Handle], None]
    ) -> Handle:
        process = self.processes.spawn(argv, log=log, env=spec.environment(), name=spec.name)
        attach(process)
        return process
