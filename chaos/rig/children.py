"""The workers of fleets: they come and go without the rig, which looks for them."""

from __future__ import annotations

from chaos.history import Write
from chaos.history.events import ProcessExited, ProcessSpawned
from chaos.processes import children_of
from chaos.rig.worker import Worker


def look_for_children(fleet: Worker, record: Write) -> bool:
    """Note which workers of a fleet have come, and which have gone. True if there are any."""
    there = [] if fleet.life.gone else children_of(fleet.life.process)
    changed = False
    # Ends come first: who was there already may have taken the place of one that ended.
    for child in fleet.living_children():
        if not child.alive:
            fleet.ended_pids.add(child.pid)
            # Its parent knows how it ended, we do not.
            _note(ProcessExited, fleet, child.pid, record)
            changed = True
    for child in there:
        if child.pid not in fleet.children:
            fleet.children[child.pid] = child
            _note(ProcessSpawned, fleet, child.pid, record)
            changed = True
    for pid in fleet.unseen():  # it came and went between two looks
        _note(ProcessSpawned, fleet, pid, record)
        fleet.ended_pids.add(pid)
        _note(ProcessExited, fleet, pid, record)
        changed = True
    return changed


def _note(
    event: type[ProcessSpawned] | type[ProcessExited], fleet: Worker, pid: int, record: Write
) -> None:
    life = fleet.life
    name = f"{fleet.name}.{pid}"
    record(event(name=name, child_pid=pid, role="worker", burst=life.burst, **life.room))
