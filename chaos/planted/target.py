"""Every variant of the reference as a target: `--target chaos.planted.target:<bug>`.

Several bugs at once are joined by `+`.
"""

from __future__ import annotations

import sys
from typing import Any

from chaos.planted.bugs import edits_of
from chaos.planted.edit import plant


def __getattr__(name: str) -> Any:
    """The target of this name. The first one that is asked for is the process' only one."""
    if name.startswith("__"):
        raise AttributeError(name)
    plant(edits_of(name))
    # Only now: it must not be imported before the bug is in it.
    from chaos.targets.rrq_ref.target import RrqRef

    class Planted(RrqRef):
        def worker_command(self) -> list[str]:
            return [sys.executable, "-m", "chaos.planted.worker", name]

    planted = Planted()
    planted.name = f"rrq_ref with {name}"
    return planted
