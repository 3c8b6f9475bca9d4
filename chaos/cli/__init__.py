"""The command line: every program of the rig, its options, its output and its exit codes.

Importing this package imports nothing else, so that a package that is missing can be reported in
one sentence.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, NoReturn

import chaos

if TYPE_CHECKING:
    from chaos.rig.scenario import Scenario

__all__ = ["main", "rrq_chaos"]


def main(scenario: Scenario) -> NoReturn:
    """Run `python -m chaos.<scenario>`: the last line of every scenario's module."""
    from chaos.cli.program import enter
    from chaos.cli.scenario import command_of

    enter(command_of(scenario), f"python -m chaos.{scenario.name}")


def rrq_chaos() -> NoReturn:
    """Run the command `rrq-chaos`: `python -m chaos` from any directory, whatever lies in it."""
    sys.excepthook = chaos.tell_what_is_missing
    from chaos.processes.modules import look_here_last

    look_here_last()
    from chaos.cli.group import command
    from chaos.cli.program import enter

    enter(command, "rrq-chaos")
