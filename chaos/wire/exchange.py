"""A command and its reply, as the proxy shows them to the rig."""

from typing import NamedTuple

from chaos.wire.resp import Value


class NoReply:
    """In the place of a reply: none has come (yet), and it is unknown whether the command ran."""


class Exchange(NamedTuple):
    """A command and the server's reply to it. A tuple, because one is made for every command."""

    process: str
    argv: list[bytes]
    reply: Value | NoReply
    t_sent: int
    """The time at which the command went to the server, ns of the monotonic clock."""
    t_reply: int
    """The time at which the whole reply was there, or could no longer come, in ns of the
    monotonic clock."""
