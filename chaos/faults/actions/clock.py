"""A wall clock that is stepped, as by a time service. A scenario does it; nothing is injected."""

from chaos.faults.kind import FaultKind

CLOCK = FaultKind(
    name="clock",
    meaning="the wall clock of the process is stepped; its monotonic clock goes on",
    unfelt=True,
)
