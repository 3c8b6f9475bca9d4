"""SIGTERM, by which a worker is asked to drain."""

from signal import SIGTERM

from chaos.faults.kind import FaultKind

TERM = FaultKind(
    name="term",
    meaning="SIGTERM; the process is asked to leave",
    forgets=True,
    to_process="leaves",
    signal=SIGTERM,
)
