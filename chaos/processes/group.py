"""The processes of a run, so that none outlives it. Three nets, one below the other:

1. `ProcessGroup` ends what it started when its `with` block is left, however it is left.
2. `on_signals` turns SIGTERM, SIGINT and SIGHUP into an exception, so that those blocks are left.
3. On Linux the kernel kills a child when the rig that started it dies without a word (SIGKILL).

What a child has started in a session of its own is found by a variable that it has inherited, even
if the child had a group of its own, and was killed before it could end that.
"""

import os
import signal
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self
from uuid import uuid4

from chaos.processes.carrying import end_carrying
from chaos.processes.handle import KILL_TIMEOUT_S, ProcessStillRunning
from chaos.processes.interrupts import held_back
from chaos.processes.process import Process, spawn
from chaos.processes.waiting import wait_until

_GROUP_VARIABLE = "CHAOS_PROCESS_GROUP"
GRACE_S = 5.0
"""Time for a process to leave after SIGTERM before it is killed, in seconds."""


class ProcessGroup:
    """The processes of a run. Leaving its `with` block ends them all, and their descendants.

    Raises ProcessStillRunning, once everything else has been ended, if something cannot be killed.
    """

    def __init__(self, *, grace_s: float = GRACE_S) -> None:
        self._grace_s = grace_s
        self._processes: list[Process] = []
        #: Below that of the group which this process belongs to, which so ends what we could not.
        self._mark = f"{os.environ.get(_GROUP_VARIABLE, '')}/{uuid4().hex}"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.end()

    def spawn(
        self,
        argv: Sequence[str | os.PathLike[str]],
        *,
        log: Path,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        name: str | None = None,
        pass_fds: Sequence[int] = (),
    ) -> Process:
        """`spawn` a process that belongs to this group."""
        env = {**(os.environ if env is None else env), _GROUP_VARIABLE: self._mark}
        # A signal between the fork and the list would leave a child that nobody knows.
        with held_back():
            process = spawn(argv, log=log, env=env, cwd=cwd, name=name, pass_fds=pass_fds)
            self._processes.append(process)
        return process

    def add(self, process: Process) -> None:
        """Take over a process that was spawned elsewhere."""
        self._processes.append(process)

    def end(self) -> None:
        """End all of them now. Does nothing when called again."""
        try:
            end_processes(self._processes, grace_s=self._grace_s)
        finally:
            end_carrying(_GROUP_VARIABLE, {self._mark})


def end_processes(processes: Iterable[Process], *, grace_s: float = GRACE_S) -> None:
    """SIGTERM to all process groups, SIGKILL to what is left after `grace_s`, and reap.

    Takes at most `grace_s` + KILL_TIMEOUT_S. Raises ProcessStillRunning for what survived.
    """
    with held_back():
        left = [process for process in processes if process.group_alive()]
        for process in left:
            # A stopped process sees SIGTERM only once it runs again; in this order it wakes to it.
            process.signal_group(signal.SIGTERM)
            process.signal_group(signal.SIGCONT)
        wait_until(lambda: not any(process.group_alive() for process in left), grace_s)
        for process in left:
            process.signal_group(signal.SIGKILL)
        if not wait_until(lambda: not any(p.group_alive() for p in left), KILL_TIMEOUT_S):
            names = ", ".join(f"{p.name} (pid {p.pid})" for p in left if p.group_alive())
            raise ProcessStillRunning(f"still there {KILL_TIMEOUT_S} s after SIGKILL: {names}")
