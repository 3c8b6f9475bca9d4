"""Visits prefixes, one after the other: starts a server on each and lets a fresh worker drain it.

`python -m chaos.rewind.slot ORDER`, a process of its own, so that several can be at work, and so
that each worker is forked from a parent that has imported everything. When it dies, so do its
server and its worker.
"""

from __future__ import annotations

import gc
import json
import os
import select
import signal
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from chaos.history import Recorder
from chaos.history.events import (
    FaultHealed,
    FaultLanded,
    FinalRead,
    ProcessExited,
    ProcessReady,
    ProcessSpawned,
    ServerUp,
)
from chaos.processes import ExitStatus, fork
from chaos.rewind.prefix import Prefix
from chaos.servers.aof import AppendOnlyFile
from chaos.servers.binary import BinaryServer
from chaos.targets import Target, WorkerSettings, WorkerSpec, find_target

#: How long a worker may take to do all that a prefix has left to do.
_PATIENCE_S = 20.0
WORKER = "recoverer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What a slot is told, in a file."""

    target: str
    settings: WorkerSettings
    binary: str
    #: Directory of the server that wrote the file.
    source: str
    #: Where the slot works.
    directory: str
    #: Where each prefix' history goes, below its name.
    out: str
    prefixes: Sequence[Prefix]

    def write(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(asdict(self)))

    @classmethod
    def read(cls, path: Path) -> Order:
        told = json.loads(path.read_text())
        prefixes = [Prefix(**prefix) for prefix in told["prefixes"]]
        return cls(**told | {"settings": WorkerSettings(**told["settings"]), "prefixes": prefixes})


class Slot:
    """One place where prefixes are visited."""

    def __init__(self, order: Order) -> None:
        self._order = order
        self._target: Target = find_target(order.target)
        if self._target.forkable is not None:
            self._target.forkable.warm()
        self._source = AppendOnlyFile(Path(order.source))
        # The server must read an append-only file; how it writes one no longer matters.
        self._server = BinaryServer(
            Path(order.binary), Path(order.directory) / "server", durability="everysec"
        )

    def run(self) -> None:
        gc.freeze()  # what is shared with the workers stays shared
        for prefix in self._order.prefixes:
            self._visit(prefix)

    def _visit(self, prefix: Prefix) -> None:
        directory = Path(self._order.out) / prefix.name
        recorder = Recorder(directory / "rig.jsonl", "rig")
        self._source.cut(prefix.size, self._server.directory)
        try:
            self._server.start()
            recorder.write(ServerUp())
            recorder.write(FaultHealed(fault="cut", kind="server-kill"))
            self._drain(directory, recorder)
            if self._target.inspector is None:
                raise RuntimeError(f"{self._target.name} has no inspector, which this needs")
            inspector = self._target.inspector(self._server.url, self._order.settings)
            for event in inspector.final_state(prefix.jobs):
                recorder.write(event)
            inspector.close()
            # Last: this line says that the visit is complete.
            recorder.write(FinalRead(ok=True))
        finally:
            recorder.close()
            if self._server.pid is not None:
                self._server.kill()

    def _drain(self, directory: Path, recorder: Recorder) -> None:
        """Let a worker in burst mode do what is left, and leave."""
        spec = WorkerSpec(
            name=WORKER,
            url=self._server.url,
            history=str(directory / f"{WORKER}.jsonl"),
            settings=self._order.settings,
            burst=True,
        )
        pid = fork(lambda: self._target.start(spec))
        about: dict[str, Any] = {"name": WORKER, "role": "worker", "burst": True, "child_pid": pid}
        recorder.write(ProcessSpawned(**about))
        recorder.write(ProcessReady(**about))
        pidfd = os.pidfd_open(pid)
        if not select.select([pidfd], [], [], _PATIENCE_S)[0]:
            recorder.write(
                FaultLanded(fault="impatience", kind="kill", target=WORKER, phase="late")
            )
            os.kill(pid, signal.SIGKILL)
        status = ExitStatus.of(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
        os.close(pidfd)
        recorder.write(ProcessExited(code=status.code, signal=status.signal, **about))


if __name__ == "__main__":
    Slot(Order.read(Path(sys.argv[1]))).run()
