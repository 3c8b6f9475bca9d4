"""Free ports on this machine."""

import contextlib
import secrets
import socket
from pathlib import Path

from chaos.servers.problem import ServerProblem

LOWEST = 10_000
EPHEMERAL_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")
TRIES = 100


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody listens on. Raises ServerProblem if there is none.

    Below the range that the system takes its own ports from. While a server is down its clients
    keep connecting to it, and a port from that range can be given to such a connection, even to
    one that then talks to itself; the server could not come back.
    """
    for _ in range(TRIES):
        # Random, so that two rigs on one machine seldom choose alike. It decides nothing else.
        port = LOWEST + secrets.randbelow(_first_ephemeral() - LOWEST)
        with contextlib.suppress(OSError), socket.socket() as sock:
            # As the server does: a port with nothing but old connections on it is free.
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
