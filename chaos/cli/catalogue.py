"""All scenarios: a module directly in `chaos/` that has a SCENARIO is one."""

from __future__ import annotations

import importlib
import pkgutil

import chaos
from chaos.rig.scenario import Scenario


def scenarios() -> list[Scenario]:
    """Every scenario, by name."""
    found = []
    for module in pkgutil.iter_modules(chaos.__path__):
        if not module.ispkg and module.name != "__main__":
            scenario = getattr(importlib.import_module(f"chaos.{module.name}"), "SCENARIO", None)
            if isinstance(scenario, Scenario):
                found.append(scenario)
    return sorted(found, key=lambda scenario: scenario.name)
