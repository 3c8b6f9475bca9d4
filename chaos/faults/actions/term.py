"""SIGTERM, by which a worker is asked to drain."""

from signal import SIGTERM

from chaos.faults.action import WireAction
from chaos.faults.signalled import sending

TERM = WireAction(
    name="term",
    meaning="SIGTERM; the process is asked to leave",
    forgets=True,
    to_process="leaves",
    signal=SIGTERM,
    inject=sending(SIGTERM),
    takes=("for_ms",),
    swept=(),  # every life of the sweep would be a drain; one is
)
