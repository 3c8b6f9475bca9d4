"""What scenarios import until they import it from `chaos.cli`."""

from __future__ import annotations

from typing import NoReturn

from chaos.cli.program import SIGNALLED, complain, enter, guarded
from chaos.cli.scenario import command_of
from chaos.rig.scenario import Scenario

__all__ = ["SIGNALLED", "complain", "enter", "guarded", "main"]


def main(scenario: Scenario) -> NoReturn:
    enter(command_of(scenario), f"python -m chaos.{scenario.name}")
