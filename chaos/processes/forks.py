"""The nursery as the sweep sees it: a process at once, and word of its end."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from chaos.processes.fork_server import PACKET
from chaos.processes.modules import python
from chaos.processes.spawning import ExitStatus, ProcessGroup

_FORK_S = 20.0
_STOP_S = 10.0
_NAP_S = 0.001


class NurseryGone(OSError):
    """The nursery has ended, and every process with it."""


class Fork:
    """A process that the nursery has been asked for, or will be. A `chaos.wire.Victim`.

    Signals go through a pidfd, so that they cannot hit a stranger.
    """

    #: So the wire proxy need not look for the owner of each connection.
    childless = True

    def __init__(self, name: str, changed: Callable[[], None]) -> None:
        self.name = name
        self._changed = changed
        self._born: Future[tuple[int, int]] = Future()
        self.status: ExitStatus | None = None
        #: It ended with the nursery.
        self.orphaned = False

    @property
    def pid(self) -> int:
        return self._born.result(_FORK_S)[0]

    @property
    def alive(self) -> bool:
        return self.status is None and not select.select([self._fd], [], [], 0)[0]

    def signal(self, number: int) -> bool:
        """False if it had ended before."""
        if self.status is not None:
            return False
        try:
            signal.pidfd_send_signal(self._fd, number)
        except ProcessLookupError:
            return False
        return True

    def kill(self) -> bool:
        return self.alive and self.signal(signal.SIGKILL)

    def pause(self) -> bool:
        if not self.signal(signal.SIGSTOP):
            return False
        end = time.monotonic() + _STOP_S
        while self.alive and not self._stands_still():
            if time.monotonic() > end:
                raise TimeoutError(f"{self.name} did not stop on SIGSTOP")
            time.sleep(_NAP_S)
        return self.alive

    def resume(self) -> bool:
        return self.signal(signal.SIGCONT)

    def wait(self, timeout_s: float) -> None:
        """Wait until it has ended; raises TimeoutError."""
        if self.status is None and not select.select([self._fd], [], [], timeout_s)[0]:
            raise TimeoutError(f"{self.name} had not ended after {timeout_s:g} s")

    @property
    def _fd(self) -> int:
        return self._born.result(_FORK_S)[1]

    def _stands_still(self) -> bool:
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            stats = [task / "stat" for task in Path(f"/proc/{self.pid}/task").iterdir()]
            return all(stat.read_text().rpartition(")")[2].split()[0] in "Tt" for stat in stats)
        return False

    def born(self, pid: int, pidfd: int) -> None:
        self._born.set_result((pid, pidfd))

    def ended(self, code: int) -> None:
        self.status = ExitStatus.of(code)
        self._changed()

    def abandoned(self, reason: NurseryGone) -> None:
        """The nursery has ended, and this with it."""
        self.orphaned = True
        if not self._born.done():
            self._born.set_exception(reason)
        self.ended(-signal.SIGKILL)

    def close(self) -> None:
        """Give the pidfd back. Nothing may be asked of it any more."""
        if self._born.done() and self._born.exception() is None:
            os.close(self._fd)


class Nursery:
    """A nursery process and the thread that listens to it."""

    def __init__(self, spec: str, log: Path) -> None:
        self._spec = spec
        self._log = log
        self._group = ProcessGroup(grace_s=0.5)
        self._forks: dict[str, Fork] = {}
        self._lock = threading.Lock()
        self._over = False

    def __enter__(self) -> Self:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            fd = theirs.fileno()
            command = python("chaos.processes.fork_server", self._spec, str(fd))
            self._group.spawn(command, log=self._log, name="nursery", pass_fds=(fd,))
        self._socket = ours
        self._thread = threading.Thread(target=self._listen, name="nursery", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._group.end()
        self._thread.join()
        self._socket.close()

    def start(self, fork: Fork, order: dict[str, Any]) -> None:
        """Let it be born. Raises `NurseryGone`."""
        with self._lock:
            if self._over:
                fork.abandoned(self._gone())
                raise self._gone()
            self._forks[fork.name] = fork
            self._socket.send(json.dumps(order).encode())

    def _listen(self) -> None:
        while True:
            try:
                packet, fds, _, _ = socket.recv_fds(self._socket, PACKET, 1)
            except OSError:
                packet = b""
            if not packet:
                break
            told = json.loads(packet)
            if "pid" in told:
                self._forks[told["name"]].born(told["pid"], fds[0])
            else:
                self._forks.pop(told["name"]).ended(told["ended"])
        with self._lock:
            self._over = True
        for fork in self._forks.values():
            fork.abandoned(self._gone())

    def _gone(self) -> NurseryGone:
        return NurseryGone(f"the nursery has ended, and with it every process; see {self._log}")
