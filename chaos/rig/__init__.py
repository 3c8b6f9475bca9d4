"""Plays scenarios: processes, the run that they make up, and its command line."""

from chaos.rig.options import Options
from chaos.rig.rig import Rig, RigProblem
from chaos.rig.scenario import Scenario

__all__ = ["Options", "Rig", "RigProblem", "Scenario"]
