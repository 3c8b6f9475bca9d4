"""A history that is as long as wanted: the work of a recorded run, again and again."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

Event = dict[str, Any]

#: What a run's jobs leave; the rest happens once in a run, however long it is.
_WORK = ("enqueue", "start", "end", "transition")
_JOBS = ("job", "answer_job", "owner")
_CALLS = ("op", "call")
_TIMES = ("t_sent", "due_t")
#: Between two turns, so that the last of one and the first of the next do not meet.
_PAUSE_NS = 2_000_000_000


def events_in(run_dir: Path) -> int:
    """The number of events in a run's history."""
    return sum(path.read_bytes().count(b"\n") for path in (run_dir / "history").iterdir())


def lengthen(run_dir: Path, longer: Path, least: int) -> None:
    """Write to the new directory `longer` the run in `run_dir` as if its work had been done again
    and again, each time with other jobs, until there are so many events at least. Faults, signs of
    lag and the like happen the first time only; the final state has all jobs."""
    (longer / "history").mkdir(parents=True)
    shutil.copy(run_dir / "run.json", longer / "run.json")
    recorded = {
        path.name: [json.loads(line) for line in path.read_bytes().splitlines()]
        for path in sorted((run_dir / "history").iterdir())
    }
    turns = _Turns([event for events in recorded.values() for event in events], least)
    # The rig's own file is the last: it tells how many lines each has.
    lines: dict[str, int] = {}
    for name in sorted(recorded, key=lambda name: name == "rig.jsonl"):
        with (longer / "history" / name).open("w") as file:
            for n, event in enumerate(turns.of(recorded[name]), 1):
                lines[name.partition(".jsonl")[0]] = n
                if "n" in event:
                    event["n"] = n
                if event["type"] == "file":
                    event["lines"] = lines[event["name"]]
                file.write(json.dumps(event, separators=(",", ":")) + "\n")


class _Turns:
    """The time of a run's work, which is repeated."""

    def __init__(self, events: Sequence[Event], least: int) -> None:
        times = [event["t"] for event in events if event["type"] in _WORK]
        self._first_t = min(times)
        self._last_t = max(times)
        again = len(times) + sum(map(_of_a_job, events))
        self._times = 1 + max(0, -(-(least - len(events)) // again))
        self._step = self._last_t - self._first_t + _PAUSE_NS

    def of(self, events: Sequence[Event]) -> Iterator[Event]:
        """The events of one file: before the work, of each turn of it, and after it."""
        first, last, times = self._first_t, self._last_t, self._times
        yield from (dict(event) for event in events if event["t"] < first)
        for turn in range(times):
            for event in events:
                if first <= event["t"] <= last and (not turn or event["type"] in _WORK):
                    yield self._again(event, turn, turn)
        for event in events:
            if event["t"] > last:
                for turn in range(times if _of_a_job(event) else 1):
                    yield self._again(event, turn, times - 1)

    def _again(self, event: Event, turn: int, later: int) -> Event:
        """The event of a turn's job, so many turns later."""
        changed = {**event, "t": event["t"] + later * self._step}
        for name in _TIMES:
            if changed.get(name):
                changed[name] += later * self._step
        for name in (*_JOBS, *(_CALLS if event["type"] == "enqueue" else ())):
            if turn and changed.get(name):
                changed[name] = f"{changed[name]}~{turn}"
        return changed


def _of_a_job(event: Event) -> bool:
    """True for what is left of a job in the final state."""
    return event["type"] == "final" and any(event.get(name) for name in _JOBS)
