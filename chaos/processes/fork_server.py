"""The program of a fork server, whose children have everything imported when they begin.

`python -m chaos.processes.fork_server MODULE:CALLABLE ARGUMENT FD` imports the callable and calls
it once with the argument, which is the time to import whatever children will need. The result is
called in each child, with the child's order; the child ends when it returns.

`chaos.processes.ForkServer` has the other end of the socket FD. For each order that it sends, this
program forks a child, and sends back two packets: the child's pid and pidfd, and later its exit
status. It has one thread, so that a fork is safe, and ends with its socket; its children die with
it.
"""

import gc
import importlib
import os
import selectors
import signal
import socket
import sys
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from chaos.processes import packets
from chaos.processes.child import Child
from chaos.processes.forking import fork


class _ForkServer:
    def __init__(self, work: Callable[[Any], object], orders: socket.socket) -> None:
        self._work = work
        self._orders = orders
        self._selector = selectors.DefaultSelector()
        self._selector.register(orders, selectors.EVENT_READ)

    def run(self) -> None:
        """Fork and reap until the other end is closed."""
        gc.collect()
        gc.freeze()  # what is shared with the children stays shared
        while True:
            for key, _ in self._selector.select():
                if key.fileobj is not self._orders:
                    self._reap(key.fd, key.data)
                elif received := packets.receive(self._orders):
                    self._fork(**received[0])
                else:
                    return

    def _fork(self, name: str, log: str, order: Any) -> None:
        child = fork(lambda: self._be_child(log, order), name=name)
        # Only this process reaps the child, so its pid is still its own.
        pidfd = os.pidfd_open(child.pid)
        self._selector.register(pidfd, selectors.EVENT_READ, child)
        packets.send(self._orders, {"name": name, "pid": child.pid}, pidfd)

    def _be_child(self, log: str, order: Any) -> None:
        output = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o666)
        os.dup2(output, 1)
        os.dup2(output, 2)
        self._selector.close()
        self._orders.close()
        signal.signal(signal.SIGINT, signal.default_int_handler)
        self._work(order)

    def _reap(self, pidfd: int, child: Child) -> None:
        self._selector.unregister(pidfd)
        os.close(pidfd)
        packets.send(self._orders, {"name": child.name, **asdict(child.wait(0))})


def main(prepare: str, argument: str, fd: str) -> None:
    # Whoever gives the orders decides when to leave; Ctrl-C reaches everybody on the terminal.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    module, _, name = prepare.partition(":")
    work = getattr(importlib.import_module(module), name)(argument)
    with socket.socket(fileno=int(fd)) as orders:
        _ForkServer(work, orders).run()


if __name__ == "__main__":
    main(*sys.argv[1:])
