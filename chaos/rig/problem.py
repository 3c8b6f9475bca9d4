"""The errors of a run."""

from __future__ import annotations

from chaos.errors import ChaosError


class RigProblem(ChaosError):
    """The run did not go as the scenario needs it: the verdict is unknown."""


class WorkerProblem(RigProblem):
    """A process of the target did not start."""
