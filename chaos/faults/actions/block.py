"""A job that keeps its worker's event loop busy. The scenario enqueues it; nothing is injected."""

from chaos.faults.kind import FaultKind

BLOCK = FaultKind(
    name="block", meaning="a job keeps the event loop of its worker busy", lasts=True, hangs=True
)
