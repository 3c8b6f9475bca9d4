"""Every variant of the reference as a target: `--target chaos.planted.target:<bug>`.

Several bugs at once are joined by `+`.
"""

from __future__ import annotations

from dataclasses import replace

from chaos.planted.bugs import edits_of
from chaos.planted.edit import plant
from chaos.processes.modules import python
from chaos.targets import Command, Target


def __getattr__(name: str) -> Target:
    """The target of this name. The first one that is asked for is the process' only one."""
    if name.startswith("__"):
        raise AttributeError(name)
    plant(edits_of(name))
    # Only now: it must not be imported before the bug is in it.
    from chaos.targets.rrq_ref.target import TARGET

    worker = python("chaos.planted.worker", name)
    return replace(
        TARGET,
        name=f"rrq_ref with {name}",
        worker=Command(worker),
        fleet=lambda workers: Command([*worker, str(workers)]),
    )
