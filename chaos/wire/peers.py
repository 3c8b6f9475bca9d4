"""The process at the other end of a connection.

The rig knows the process that it has started. In a fleet that is the parent, whose workers share
its listener, and a signal has to hit the one that sent the command: it is found by its socket.
"""

import contextlib
import itertools
from collections.abc import Collection
from typing import NamedTuple

import psutil

from chaos.processes import Handle, descendants_of


class Ends(NamedTuple):
    """A TCP connection as the process sees it: its own address, and the proxy's."""

    here: tuple[object, ...]
    there: tuple[object, ...]


def peers_of(process: Handle, wanted: Collection[Ends]) -> dict[Ends, Handle]:
    """The holder of each of these connections: the process itself, or one of its descendants.

    A connection is missing from the answer when its process has ended or has closed it. Where a
    fork has handed one down, it belongs to the ancestor, who opened it.
    """
    found: dict[Ends, Handle] = {}
    for candidate in itertools.chain([process], descendants_of(process)):
        for ends in _connections(candidate.pid):
            if ends in wanted and ends not in found:
                found[ends] = candidate
        if len(found) == len(wanted):
            break
    return found


def _connections(pid: int) -> list[Ends]:
    with contextlib.suppress(psutil.Error, OSError):
        connections = psutil.Process(pid).net_connections(kind="tcp")
        return [Ends(tuple(c.laddr), tuple(c.raddr)) for c in connections if c.raddr]
    return []
