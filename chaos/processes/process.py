"""Child processes of the rig.

Each leads a process group of its own, so its own children can be reached after it has died.
"""

import contextlib
import os
import subprocess
import threading
import warnings
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import IO

import psutil

from chaos.processes.child import Child
from chaos.processes.forking import die_with_parent
from chaos.processes.handle import ExitStatus


class Process(Child):
    """A child that was spawned, and the process group that it leads."""

    def __init__(self, popen: subprocess.Popen[bytes], *, name: str, log: Path) -> None:
        super().__init__(popen.pid, name)
        self.log = log
        self._popen = popen
        self._group_gone = False

    def signal_group(self, signum: int) -> bool:
        """Send a signal to the process and its descendants. False if none of them is left.

        A descendant that opened a session of its own is out of reach.
        """
        with self._lock:
            self._poll()
            if self._group_gone:
                return False
            try:
                os.killpg(self.pid, signum)
            except ProcessLookupError:
                self._group_gone = True
            except PermissionError:
                # macOS says so of a group in which only zombies are left.
                return False
            return not self._group_gone

    def group_alive(self) -> bool:
        """True if the process or a descendant in its group lives. Zombies do not count."""
        if self.alive:
            return True
        return self.signal_group(0) and any(_group_members(self.pid))

    def _poll(self) -> ExitStatus | None:
        known = self._popen.returncode is not None
        returncode = self._popen.poll()
        if returncode is None:
            return None
        if not known:
            # The number of an empty group can be given to a stranger; a group in use keeps it. So
            # look now, and never signal an empty group again.
            with contextlib.suppress(PermissionError):
                try:
                    os.killpg(self.pid, 0)
                except ProcessLookupError:
                    self._group_gone = True
        return ExitStatus.of(returncode)


def spawn(
    argv: Sequence[str | os.PathLike[str]],
    *,
    log: Path,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    name: str | None = None,
    pass_fds: Sequence[int] = (),
    stdin: IO[bytes] | None = None,
) -> Process:
    """Start a child whose output is appended to `log`. Raises OSError if it cannot be started.

    `env` replaces the environment, None hands on the rig's. `pass_fds` stay open in the child.
    Without `stdin` it has nothing to read.

    Call it from the main thread: Linux kills the child when the *thread* that started it ends.
    Raises RuntimeError in any other.
    """
    if threading.current_thread() is not threading.main_thread():
        raise RuntimeError("processes are started from the main thread: they die with their thread")
    command = [os.fspath(part) for part in argv]
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output, warnings.catch_warnings():
        # Python 3.12 and later warn of `preexec_fn` beside other threads, because it may wait for a
        # lock that one of them held at the fork. Ours makes system calls and takes no lock.
        warnings.simplefilter("ignore", DeprecationWarning)
        popen = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL if stdin is None else stdin,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=None if env is None else dict(env),
            cwd=cwd,
            start_new_session=True,
            pass_fds=pass_fds,
            preexec_fn=partial(die_with_parent, parent=os.getpid()),
        )
    return Process(popen, name=name or Path(command[0]).name, log=log)


def _group_members(pgid: int) -> Iterator[int]:
    for pid in psutil.pids():
        with contextlib.suppress(ProcessLookupError, PermissionError, psutil.Error):
            if os.getpgid(pid) == pgid and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
                yield pid
