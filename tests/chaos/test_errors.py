"""The tree of errors."""

from __future__ import annotations

import importlib
import pkgutil

import chaos
from chaos.errors import ChaosError
from chaos.processes import Interrupted


def test_every_error_of_the_rig_belongs_to_one_tree() -> None:
    names = [found.name for found in pkgutil.walk_packages(chaos.__path__, "chaos.")]
    errors = {
        value
        for module in map(importlib.import_module, names)
        for value in vars(module).values()
        if isinstance(value, type)
        and issubclass(value, BaseException)
        and value.__module__.partition(".")[0] == "chaos"
    }
    assert len(errors) > 10
    # A signal is no error: it must pass whatever catches `Exception`.
    assert {error for error in errors if not issubclass(error, ChaosError)} == {Interrupted}
