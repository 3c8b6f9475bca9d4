"""SIGINT, by which a worker is asked to drain."""

from signal import SIGINT

from chaos.faults.kind import FaultKind

INT = FaultKind(
    name="int",
    meaning="SIGINT, as by Ctrl-C; the process is asked to leave",
    forgets=True,
    to_process="leaves",
    signal=SIGINT,
)
