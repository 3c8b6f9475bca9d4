"""Faults: one file for each kind, the registry that finds them, and the plan of one at a command.

`actions/` has the faults of processes, on the wire or by a signal; `server/` those of the server.
"""

from chaos.faults.action import Direction, Side, WireAction
from chaos.faults.actions.error import ERRORS
from chaos.faults.kind import FaultKind
from chaos.faults.match import Exec, Match, any_command, command, data_command, naming
from chaos.faults.plan import Injection, WireFault
from chaos.faults.registry import FAULTS, FaultProblem
from chaos.faults.server_fault import ServerFault, ServerSite

__all__ = [
    "ERRORS",
    "FAULTS",
    "Direction",
    "Exec",
    "FaultKind",
    "FaultProblem",
    "Injection",
    "Match",
    "ServerFault",
    "ServerSite",
    "Side",
    "WireAction",
    "WireFault",
    "any_command",
    "command",
    "data_command",
    "naming",
]
