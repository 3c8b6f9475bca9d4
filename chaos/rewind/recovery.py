"""The recovery of a prefix: a server is started on it, and a fresh worker drains it.

It is carried out in a process that a fork server has forked, so that everything is imported
already. When that process dies, so do its server and its worker.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from chaos.history import Recorder, Write
from chaos.history.events import FaultHealed, FaultLanded, ProcessReady, ServerUp
from chaos.processes import Child, ProcessStillRunning, fork
from chaos.rewind.prefix import Prefix
from chaos.rig.ending import read_final_state
from chaos.rig.life import start
from chaos.rig.problem import RigProblem
from chaos.servers.aof import AppendOnlyFile
from chaos.servers.binary import BinaryServer, binary_version
from chaos.targets import WorkerSettings, WorkerSpec, find_target

WORKER = "recoverer"
#: Limit for the worker to do all the work that a prefix has left.
_DRAIN_S = 20.0
#: Its locks live so many times as long as those in the prefix. Nobody is there to take a job from
#: it, so it may not lose one to a busy machine: no wire would show that this was the reason.
_LONGER = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovery:
    """All that recoveries have in common. As text, it is the argument of `prepare`."""

    target: str
    settings: WorkerSettings
    binary: str
    #: Directory of the server that wrote the file.
    source: str

    def __str__(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def parse(cls, text: str) -> Recovery:
        told = json.loads(text)
        return cls(**told | {"settings": WorkerSettings(**told["settings"])})


def order(prefixes: Sequence[Prefix], directory: Path) -> dict[str, Any]:
    """An order to recover prefixes; the history of each goes to a directory of its name."""
    return {"prefixes": [asdict(prefix) for prefix in prefixes], "directory": str(directory)}


#: The name of `prepare`, for a fork server.
PREPARE = f"{__name__}:prepare"


def prepare(recovery: str) -> Callable[[dict[str, Any]], None]:
    """Import what a worker of the target needs, and return what each child does with its order."""
    recoverer = _Recoverer(Recovery.parse(recovery))

    def carry_out(order: dict[str, Any]) -> None:
        for prefix in order["prefixes"]:
            recoverer.recover(Prefix(**prefix), Path(order["directory"]) / prefix["name"])

    return carry_out


class _Recoverer:
    def __init__(self, recovery: Recovery) -> None:
        self._settings = recovery.settings
        self._binary = Path(recovery.binary)
        binary_version(self._binary)  # asked here once for all
        self._source = AppendOnlyFile(Path(recovery.source))
        self._target = find_target(recovery.target)
        if self._target.inspector is None:
            raise RigProblem(f"{self._target.name} has no inspector, which a power loss needs")
        self._inspector = self._target.inspector
        self._target.warm()

    def recover(self, prefix: Prefix, directory: Path) -> None:
        """Start a server on a prefix, drain it, and read what is there in the end."""
        # The server must read an append-only file; how it writes one no longer matters.
        server = BinaryServer(self._binary, directory / "server", durability="everysec")
        self._source.cut(prefix.size, server.directory)
        with closing(Recorder(directory / "rig.jsonl", "rig")) as recorder:
            try:
                server.start()
                recorder.write(ServerUp())
                recorder.write(FaultHealed(fault="cut", kind="server-kill"))
                self._drain(server.url, directory, recorder.write)
                with closing(self._inspector(server.url, self._settings)) as inspector:
                    # This ends with the line by which the recovery is known to be complete.
                    read_final_state(inspector, prefix.jobs, recorder.write)
            finally:
                if server.pid is not None:
                    server.kill()
        shutil.rmtree(server.directory)

    def _drain(self, url: str, directory: Path, record: Write) -> None:
        """Let a worker in burst mode do what is left, and leave."""
        history = str(directory / f"{WORKER}.jsonl")
        settings = replace(self._settings, lock_ttl_ms=_LONGER * self._settings.lock_ttl_ms)
        spec = WorkerSpec(name=WORKER, url=url, history=history, settings=settings, burst=True)
        life = start(self._begin, spec, record)
        begun = time.monotonic_ns()
        try:
            life.process.wait(_DRAIN_S)
        except ProcessStillRunning:
            record(FaultLanded(fault="impatience", kind="kill", target=WORKER, phase="late"))
            life.process.kill()
            life.process.wait(_DRAIN_S)
        life.look()
        if Path(history).exists():  # it has said hello
            life.note(ProcessReady, t=begun)

    def _begin(self, spec: WorkerSpec, attach: object) -> Child:
        del attach  # there is no wire
        return fork(lambda: self._target.start(spec), name=spec.name)
