"""SIGINT, by which a worker is asked to drain."""

from signal import SIGINT

from chaos.faults.action import WireAction
from chaos.faults.signalled import sending

INT = WireAction(
    name="int",
    meaning="SIGINT, as by Ctrl-C; the process is asked to leave",
    forgets=True,
    to_process="leaves",
    signal=SIGINT,
    inject=sending(SIGINT),
    takes=("for_ms",),
    swept=(),  # every life of the sweep would be a drain; one is
)
