"""Free ports on this machine."""

import contextlib
import secrets
import socket
from pathlib import Path

from chaos.errors import ChaosError
from chaos.servers.problem import ServerProblem

PORT_TRIES = 5
"""The number of ports that a server tries before it gives up."""

LOWEST = 10_000
EPHEMERAL_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")
TRIES = 100


class PortTaken(ChaosError):
    """Another process listens on the port."""


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody listens on. Raises ServerProblem if there is none.

    It is below the range that the system takes its own ports from. While a server is down, its
    clients keep connecting. The system could give them the server's port, even for a connection
    that then talks to itself, and the server could not come back.
    """
    for _ in range(TRIES):
        # Random, so that two rigs on one machine seldom choose the same. It decides nothing else.
        port = LOWEST + secrets.randbelow(_first_ephemeral() - LOWEST)
        with contextlib.suppress(OSError), socket.socket() as sock:
            # As the server does: a port with only old connections on it is free.
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.bind(("127.0.0.1", port))
            return port
    raise ServerProblem(
        f"{TRIES} ports of 127.0.0.1 in a row were in use; end some processes and try again"
    )


def _first_ephemeral() -> int:
    try:
        first = int(EPHEMERAL_RANGE.read_text().split()[0])
    except (OSError, ValueError, IndexError):
        first = 32_768
    return first if first > LOWEST + 1_000 else 65_536
