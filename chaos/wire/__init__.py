"""Faults, and the exact moments at which they land."""

from chaos.wire.fault import (
    ERRORS,
    Action,
    Direction,
    Exchange,
    Injection,
    Match,
    NoReply,
    Side,
    Tally,
    WireFault,
    any_command,
    command,
    data_command,
)
from chaos.wire.proxy import WireProxy, WireProxyError
from chaos.wire.resp import RespError

__all__ = [
    "ERRORS",
    "Action",
    "Direction",
    "Exchange",
    "Injection",
    "Match",
    "NoReply",
    "RespError",
    "Side",
    "Tally",
    "WireFault",
    "WireProxy",
    "WireProxyError",
    "any_command",
    "command",
    "data_command",
]
