"""All prefixes of a recording are visited, and their histories put beside that of the run itself.

The checks know one clock and one run. So each prefix gets a stretch of time of its own, far from
all others, and its name before the names of all its jobs and processes.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from chaos.processes import Process, ProcessGroup
from chaos.processes.modules import python
from chaos.rewind.prefix import Prefix
from chaos.rewind.recording import Recording
from chaos.rewind.slot import Order
from chaos.rig.problem import RigProblem
from chaos.rig.progress import Progress
from chaos.servers.binary import BinaryServer
from chaos.targets.target import WorkerSettings

STRETCH_NS = 10**12
_TIMES = ("t", "t_sent", "due_t")
_NAMES = ("process", "job", "op", "answer_job", "unique", "worker", "name", "fault", "key")
#: A worker waits for back-offs and deferred jobs most of the time.
_SLOTS_PER_CPU = 4
_SAY_S = 2.0
_NAP_S = 0.02
#: The longest that one prefix may take.
_STALLED_S = 40.0


def visit(
    prefixes: Sequence[Prefix],
    server: BinaryServer,
    target: str,
    settings: WorkerSettings,
    directory: Path,
    progress: Progress,
) -> float:
    """Visit each prefix of a server's file, several at once; how many a second it were.

    Histories go to `directory`, below each prefix' name. Raises RigProblem when a slot fails.
    """
    slots = min(len(prefixes), _SLOTS_PER_CPU * (os.cpu_count() or 1))
    began = time.monotonic()
    with ProcessGroup(grace_s=0.5) as group:
        running = []
        for number in range(slots):
            place = directory.absolute() / f"slot-{number}"
            Order(
                target=target,
                settings=settings,
                binary=str(server.binary),
                source=str(server.directory),
                directory=str(place),
                out=str(directory.absolute()),
                prefixes=prefixes[number::slots],
            ).write(place / "order.json")
            argv = python("chaos.rewind.slot", str(place / "order.json"))
            running.append(group.spawn(argv, log=place / "log", name=f"slot-{number}"))
        _await(running, directory, prefixes, progress)
    return len(prefixes) / (time.monotonic() - began)


def _await(
    running: Sequence[Process], directory: Path, prefixes: Sequence[Prefix], progress: Progress
) -> None:
    visited, moved_at, said_at = 0, time.monotonic(), 0.0
    while any(process.alive for process in running):
        time.sleep(_NAP_S)
        for process in running:
            status = process.poll()
            if status is not None and status.code != 0:
                raise RigProblem(f"{process.name} ended with {status}; see {process.log}")
        now = time.monotonic()
        if now > said_at + _SAY_S:
            found = sum((directory / prefix.name).is_dir() for prefix in prefixes)
            visited, moved_at = found, moved_at if found == visited else now
            said_at = now
            progress.say(f"{visited} of {len(prefixes)} prefixes")
        if now > moved_at + _STALLED_S:
            raise RigProblem(f"no prefix was visited for {_STALLED_S:g} s")


def complete(prefixes: Sequence[Prefix], directory: Path) -> list[Prefix]:
    """Those that a worker has drained and whose end was read."""
    return [prefix for prefix in prefixes if _is_complete(directory / prefix.name / "rig.jsonl")]


def _is_complete(history: Path) -> bool:
    lines = history.read_bytes().splitlines() if history.exists() else []
    return bool(lines) and json.loads(lines[-1]).get("what") == "read"


def combine(
    recording: Recording, prefixes: Sequence[Prefix], directory: Path, history: Path
) -> None:
    """Write what there is to judge of all prefixes to the file `history`."""
    # After everything that has really happened.
    start = time.monotonic_ns() + STRETCH_NS
    with history.open("w", encoding="ascii") as out:
        for place, prefix in enumerate(prefixes):
            shift = start + place * STRETCH_NS - prefix.t
            for event in (*recording.until(prefix), *_recovered(directory / prefix.name)):
                out.write(json.dumps(_moved(event, prefix.name, shift)) + "\n")


def _recovered(directory: Path) -> Iterator[dict[str, Any]]:
    for path in sorted(directory.glob("*.jsonl")):
        for line in path.read_bytes().splitlines():
            event = json.loads(line)
            # Of this there is one in a run, the rig's.
            if event["type"] != "final" or event["what"] != "read":
                yield event


def _moved(event: dict[str, Any], name: str, shift: int) -> dict[str, Any]:
    times = {field: event[field] + shift for field in _TIMES if event.get(field)}
    names = {field: f"{name}-{event[field]}" for field in _NAMES if event.get(field)}
    if event["type"] == "transition":
        del names["op"]
    if event.get("target") not in (None, "server"):
        names["target"] = f"{name}-{event['target']}"
    return event | times | names
