"""SIGHUP, by which a worker is asked to drain."""

from signal import SIGHUP

from chaos.faults.action import WireAction
from chaos.faults.signalled import sending

HUP = WireAction(
    name="hup",
    meaning="SIGHUP, as of a terminal that is closed; the process is asked to leave",
    forgets=True,
    to_process="leaves",
    signal=SIGHUP,
    inject=sending(SIGHUP),
    takes=("for_ms",),
    swept=(),  # every life of the sweep would be a drain; one is
)
