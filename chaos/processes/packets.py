"""JSON objects, and file descriptors with them, over a socket that keeps packets apart."""

import json
import socket
from typing import Any

#: More than the kernel takes as one packet: it refuses a longer one, and none is cut short.
_LONGEST = 1 << 18


def pair() -> tuple[socket.socket, socket.socket]:
    """Two ends of a connection."""
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)


def send(to: socket.socket, message: dict[str, Any], *fds: int) -> None:
    """Send one message; the receiver gets duplicates of the descriptors."""
    socket.send_fds(to, [json.dumps(message).encode()], fds)


def receive(of: socket.socket) -> tuple[dict[str, Any], list[int]] | None:
    """The next message; None when the other end has been closed."""
    packet, fds, _, _ = socket.recv_fds(of, _LONGEST, 1)
    return (json.loads(packet), fds) if packet else None
