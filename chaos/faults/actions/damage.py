"""A job's record that others ruin. A scenario does it; nothing is injected."""

from chaos.faults.kind import FaultKind

DAMAGE = FaultKind(
    name="damage",
    meaning="a job's record is deleted, expired, emptied or overwritten; the job is not judged",
    unfelt=True,
    ruins=True,
)
