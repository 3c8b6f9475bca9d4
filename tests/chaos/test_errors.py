"""The tree of errors."""

from __future__ import annotations

import subprocess
import sys

import pytest

# The sources are the same on every Python.
pytestmark = pytest.mark.slow

#: Prints the errors that are defined in the rig, and `+` after each that belongs to the tree. What
#: becomes a part of scripts that stand alone has none of the rig's.
PROGRAM = """
import importlib, pkgutil
import chaos
from chaos.errors import ChaosError

errors = {
    value
    for found in pkgutil.walk_packages(chaos.__path__, "chaos.")
    for value in vars(importlib.import_module(found.name)).values()
    if isinstance(value, type)
    and issubclass(value, BaseException)
    and value.__module__.partition(".")[0] == "chaos"
    and not value.__module__.startswith("chaos.repro.inlined")
}
for error in errors:
    print(error.__name__ + "+" * issubclass(error, ChaosError))
"""


def test_every_error_of_the_rig_belongs_to_one_tree() -> None:
    # In a process of its own, because one of the modules patches the standard library (gevent).
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True)

    assert done.returncode == 0, done.stderr
    errors = done.stdout.split()
    assert len(errors) > 10
    # A signal is no error: it must pass whatever catches `Exception`.
    assert [error for error in errors if not error.endswith("+")] == ["Interrupted"]
