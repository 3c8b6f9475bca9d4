"""One history of all power losses: of each prefix, the run up to the loss and then the recovery.

The checks know one clock and one run. So each prefix gets a stretch of time of its own, far from
all others, and its name is put before the names of all its jobs and processes.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from chaos.rewind.prefix import Prefix
from chaos.rewind.recording import Recording

STRETCH_NS = 10**12
_TIMES = ("t", "t_sent", "due_t")
_NAMES = ("process", "job", "op", "call", "answer_job", "unique", "worker", "name", "fault", "key")


def combine(
    recording: Recording, prefixes: Sequence[Prefix], directory: Path, history: Path
) -> None:
    """Write the file `history`, from which all prefixes are judged.

    `directory` has the history of each prefix' recovery.
    """
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
            # A run has one of these, the rig's.
            if event["type"] != "final" or event["what"] != "read":
                yield event


def _moved(event: dict[str, Any], name: str, shift: int) -> dict[str, Any]:
    times = {field: event[field] + shift for field in _TIMES if event.get(field)}
    names = {field: f"{name}-{event[field]}" for field in _NAMES if event.get(field)}
    if event["type"] == "transition":
        del names["op"]
    if event.get("target") not in (None, "server"):
        names["target"] = f"{name}-{event['target']}"
    # A part of it, together with others, is not numbered.
    return {field: told for field, told in (event | times | names).items() if field != "n"}
