"""Faults, and the exact moments at which they land."""

from chaos.faults.fault import (
    ERRORS,
    Action,
    Direction,
    Exchange,
    Landing,
    Match,
    NoReply,
    Side,
    Tally,
    WireFault,
    any_command,
    command,
    data_command,
)
from chaos.faults.owner import Victim
from chaos.faults.resp import RespError
from chaos.faults.wire import WireProxy, WireProxyError

__all__ = [
    "ERRORS",
    "Action",
    "Direction",
    "Exchange",
    "Landing",
    "Match",
    "NoReply",
    "RespError",
    "Side",
    "Tally",
    "Victim",
    "WireFault",
    "WireProxy",
    "WireProxyError",
    "any_command",
    "command",
    "data_command",
]
