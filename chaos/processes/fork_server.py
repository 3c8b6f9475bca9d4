"""The parent from which processes are forked that need no start: everything is imported already.

`python -m chaos.processes.fork_server TARGET SOCKET` reads orders from a socket, one JSON object a
packet, forks a child for each, and answers with a packet and the child's pidfd; another packet
tells how the child has ended. It has one thread, so that a fork is safe, and ends with its socket;
its children die with it.
"""

from __future__ import annotations

import ctypes
import gc
import json
import os
import selectors
import signal
import socket
import sys
import traceback
from typing import Any, NoReturn

from chaos.processes.spawning import PR_SET_PDEATHSIG
from chaos.sweep.tasks import work_as
from chaos.targets import find_target

PACKET = 65_536


class _Nursery:
    def __init__(self, spec: str, orders: socket.socket) -> None:
        self._target = find_target(spec)
        if self._target.forkable is not None:
            self._target.forkable.warm()
        self._orders = orders
        self._prctl = ctypes.CDLL(None, use_errno=True).prctl
        self._selector = selectors.DefaultSelector()
        self._selector.register(orders, selectors.EVENT_READ)

    def run(self) -> None:
        """Fork and reap until nobody gives orders any more."""
        gc.collect()
        gc.freeze()  # what is shared with the children stays shared
        while True:
            for key, _ in self._selector.select():
                if key.fileobj is not self._orders:
                    self._reap(key.fd, *key.data)
                elif packet := self._orders.recv(PACKET):
                    self._fork(json.loads(packet))
                else:
                    return

    def _fork(self, order: dict[str, Any]) -> None:
        parent, pid = os.getpid(), os.fork()
        if pid == 0:
            self._live(order, parent)
        # Only this process reaps the child, so its pid is still its own.
        pidfd = os.pidfd_open(pid)
        self._selector.register(pidfd, selectors.EVENT_READ, (pid, order["name"]))
        self._say({"name": order["name"], "pid": pid}, pidfd)

    def _live(self, order: dict[str, Any], parent: int) -> NoReturn:
        try:
            self._prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
            if os.getppid() != parent:  # it died before that setting was made
                os._exit(1)
            flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
            log = os.open(order["log"], flags, 0o666)
            os.dup2(log, 1)
            os.dup2(log, 2)
            self._selector.close()
            self._orders.close()
            work_as(self._target, order)
        except BaseException:  # noqa: BLE001 - a child must never return into the nursery's loop
            traceback.print_exc()
            sys.stderr.flush()
        finally:
            os._exit(1)

    def _reap(self, pidfd: int, pid: int, name: str) -> None:
        self._selector.unregister(pidfd)
        os.close(pidfd)
        _, status = os.waitpid(pid, 0)
        self._say({"name": name, "ended": os.waitstatus_to_exitcode(status)})

    def _say(self, message: dict[str, Any], *fds: int) -> None:
        socket.send_fds(self._orders, [json.dumps(message).encode()], fds)


def main() -> None:
    with socket.socket(fileno=int(sys.argv[2])) as orders:
        # The sweep decides when to leave; its Ctrl-C reaches the whole terminal.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        _Nursery(sys.argv[1], orders).run()


if __name__ == "__main__":
    main()
