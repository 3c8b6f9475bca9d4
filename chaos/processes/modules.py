"""Starts modules of this package in new processes.

`python -m chaos.…` looks into the current directory first, and many projects have a folder `chaos/`
of their own. So the programs that may be started anywhere, `rrq-chaos` and Locust with the load
test, keep that directory at the end of the module path: in their own process, and in those of their
children, which learn of it through an environment variable.
"""

from __future__ import annotations

import os
import site
import sys
from pathlib import Path

import chaos


def look_here_last() -> None:
    """Let this process and its children find modules in the current directory, after all others;
    and let its children find this package where it was found."""
    here = os.getcwd()  # noqa: PTH109 - it becomes text
    root = str(Path(chaos.__file__).parents[1])
    sys.path += [place for place in (root, here) if place not in sys.path]
    os.environ[chaos.PATH_VARIABLE] = here
    given = os.environ.get("PYTHONPATH")
    found = [*site.getsitepackages(), site.getusersitepackages(), *(given or "").split(os.pathsep)]
    if root not in found:
        os.environ["PYTHONPATH"] = os.pathsep.join([root, given] if given else [root])


def python(name: str, *words: str) -> list[str]:
    """The command that runs a module of this package, and no other of its name."""
    safe = ["-P"] if chaos.PATH_VARIABLE in os.environ else []
    return [sys.executable, *safe, "-m", name, *words]


def shown(program: str) -> list[str]:
    """The first words of a command that a user may repeat: of a scenario, or the sweep."""
    if chaos.PATH_VARIABLE in os.environ and "." not in program:
        return ["rrq-chaos", program]
    return ["python", "-m", f"chaos.{program}"]
