"""The client of a fork server, and the handles of the children that it asks for."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

from chaos.errors import ChaosError
from chaos.processes import packets
from chaos.processes.descendants import descendants_of
from chaos.processes.group import ProcessGroup
from chaos.processes.handle import KILL_TIMEOUT_S, ExitStatus, Handle
from chaos.processes.modules import python
from chaos.processes.waiting import readable_within

_FORK_S = 20.0


class ForkServerGone(ChaosError):
    """A fork server has ended, and every process that it had forked with it."""


class _Child(NamedTuple):
    pid: int
    pidfd: int


class Forked(Handle):
    """A process that a fork server has been asked for, or will be.

    What needs the process waits until it is there, and raises ForkServerGone if it never will be.
    Signals go through a pidfd, so that they cannot hit a stranger.
    """

    childless = True

    def __init__(self, name: str, ended: Callable[[], object] = lambda: None) -> None:
        """`ended` is called, by another thread, once `status` says how the process ended."""
        self.name = name
        self._tell = ended
        self._child: Future[_Child] = Future()
        self.status: ExitStatus | None = None
        #: The reason why it is gone, if it ended only because its fork server did.
        self.lost: ForkServerGone | None = None

    @property
    def pid(self) -> int:
        return self._child.result(_FORK_S).pid

    @property
    def alive(self) -> bool:
        return not self._ends_within(0)

    def poll(self) -> ExitStatus | None:
        return self.status

    def signal(self, signum: int) -> bool:
        if not self.alive:
            return False
        try:
            signal.pidfd_send_signal(self._pidfd, signum)
        except ProcessLookupError:
            return False
        return True

    def close(self) -> None:
        """Give the pidfd back. It may not be used afterwards."""
        if self._child.done() and self._child.exception() is None:
            os.close(self._pidfd)

    @property
    def _pidfd(self) -> int:
        return self._child.result(_FORK_S).pidfd

    def _ends_within(self, timeout_s: float) -> bool:
        if self.status is not None:
            return True
        return readable_within(self._pidfd, timeout_s)

    # Called by the ForkServer

    def on_start(self, pid: int, pidfd: int) -> None:
        self._child.set_result(_Child(pid, pidfd))

    def on_end(self, status: ExitStatus) -> None:
        self.status = status
        self._tell()

    def on_loss(self, reason: ForkServerGone) -> None:
        self.lost = reason
        if not self._child.done():
            self._child.set_exception(reason)
        self.on_end(ExitStatus(code=None, signal=signal.SIGKILL))


class Family(Forked):
    """The same with all that it has started: a queue's worker may be several processes, and a kill
    or a pause of the worker hits them all. Other signals are for the first one, as an operator's
    are."""

    def kill(self) -> bool:
        family = [*descendants_of(self)]
        killed = super().kill()  # the first one, so that it cannot act on the death of the others
        for each in family:
            each.kill()
        for each in family:
            each.wait(KILL_TIMEOUT_S)
        return killed

    def pause(self) -> bool:
        paused = super().pause()
        for each in descendants_of(self):
            each.pause()
        return paused

    def resume(self) -> bool:
        for each in descendants_of(self):
            each.resume()
        return super().resume()


class BaseForkServer:
    """A running fork server, and the thread that listens to it. Linux only.

    `command` starts the server, which is told the socket in one word more.
    """

    def __init__(
        self, command: Sequence[str], *, log: Path, environment: Mapping[str, str] | None = None
    ) -> None:
        self._command = command
        self._environment = environment
        self._log = log
        self._group = ProcessGroup(grace_s=0.5)
        self._forked: dict[str, Forked] = {}
        self._lock = threading.Lock()
        self._gone: ForkServerGone | None = None

    def __enter__(self) -> Self:
        self._orders, theirs = packets.pair()
        with theirs:
            fd = theirs.fileno()
            self._group.spawn(
                [*self._command, str(fd)],
                log=self._log,
                env=self._environment,
                name="fork server",
                pass_fds=(fd,),
            )
        self._thread = threading.Thread(target=self._listen, name="fork server", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._orders.shutdown(socket.SHUT_RDWR)
        self._group.end()
        self._thread.join()
        self._orders.close()

    def fork(self, forked: Forked, order: Any, *, log: Path, fds: Sequence[int] = ()) -> None:
        """Let a process begin, with an order that JSON can say. Its output is appended to `log`.

        Its name must be its own among those that run. `fds` are for a server that takes them.
        Raises ForkServerGone.
        """
        with self._lock:
            if self._gone is None:
                self._forked[forked.name] = forked
                with contextlib.suppress(ConnectionError):  # the other thread is about to tell
                    message = {"name": forked.name, "log": str(log), "order": order}
                    packets.send(self._orders, message, *fds)
                return
            gone = self._gone
        forked.on_loss(gone)
        raise gone

    def _listen(self) -> None:
        while message := self._receive():
            told, fds = message
            if "name" not in told:
                self._on_ready(told)
            elif "pid" in told:
                self._forked[told["name"]].on_start(told["pid"], fds[0])
            else:
                status = ExitStatus(code=told["code"], signal=told["signal"])
                self._forked.pop(told["name"]).on_end(status)
        with self._lock:
            self._gone = ForkServerGone(
                f"the fork server has ended, and with it every process; see {self._log}"
            )
        for forked in self._forked.values():
            forked.on_loss(self._gone)
        self._on_ready({})

    def _on_ready(self, told: dict[str, Any]) -> None:
        """The server says how it has begun; nothing if it has ended."""

    def _receive(self) -> tuple[dict[str, Any], list[int]] | None:
        try:
            return packets.receive(self._orders)
        except OSError:
            return None


class ForkServer(BaseForkServer):
    """The fork server of this environment.

    `prepare`, as "module:callable", is called in the server with `argument`; its result is called
    in each child with the order that the child is for (see `chaos.processes.fork_server`).
    """

    def __init__(self, prepare: str, argument: str, *, log: Path) -> None:
        super().__init__(python("chaos.processes.fork_server", prepare, argument), log=log)
