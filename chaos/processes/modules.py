"""Starts modules of this package in new processes.

`python -m chaos.…` looks into the current directory first, and many projects have a folder `chaos/`
of their own. So the command `rrq-chaos` keeps that directory at the end of the module path: in its
own process, and in those of its children, which learn of it through an environment variable.
"""

from __future__ import annotations

import os
import sys

from chaos import PATH_VARIABLE


def look_here_last() -> None:
    """Let this process and its children find modules in the current directory, after all others."""
    os.environ[PATH_VARIABLE] = here = os.getcwd()  # noqa: PTH109 - it becomes text
    if here not in sys.path:
        sys.path.append(here)


def python(name: str, *words: str) -> list[str]:
    """The command that runs a module of this package, and no other of its name."""
    safe = ["-P"] if PATH_VARIABLE in os.environ else []
    return [sys.executable, *safe, "-m", name, *words]


def shown(program: str) -> list[str]:
    """The first words of a command that a user may repeat: of a scenario, or the sweep."""
    if PATH_VARIABLE in os.environ and "." not in program:
        return ["rrq-chaos", program]
    return ["python", "-m", f"chaos.{program}"]
