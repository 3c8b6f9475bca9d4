"""One process of the target in a run, and what it has written so far."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from chaos.faults import Injection
from chaos.history.tail import Tail
from chaos.processes.spawning import Process
from chaos.targets.target import WorkerSettings


@dataclass(slots=True)
class Member:
    """One process that the rig started: a worker, or the parent of a fleet."""

    name: str
    role: str
    process: Process
    history: Path
    settings: WorkerSettings
    burst: bool
    #: Somebody meant it to end: the rig by a signal, or a job that kills its worker.
    doomed: bool = False
    gone: bool = False
    #: It has started well. What becomes of it now is judged (`worker-died`), and no longer ours.
    ready: bool = False
    #: Faults on the wire that were planned for it.
    injections: list[Injection] = field(default_factory=list)
    #: Processes of a fleet by pid, those that have ended included.
    children: dict[int, psutil.Process] = field(default_factory=dict)
    ended_pids: set[int] = field(default_factory=set)
    _tail: Tail = field(init=False)
    _worker_ids: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._tail = Tail(self.history.parent, f"{self.name}.*")

    def events(self, kind: str) -> list[dict[str, Any]]:
        """What this process and its children have written so far, of one kind."""
        found = [json.loads(line) for line in Tail(self.history.parent, f"{self.name}.*").read()]
        return [event for event in found if event["type"] == kind]

    def started(self, *jobs: str) -> bool:
        """Whether its handlers have started all of these jobs."""
        return set(jobs) <= self.started_jobs()

    def started_jobs(self) -> set[str]:
        """The jobs that its handlers have started."""
        return {event["job"] for event in self.events("start")}

    def started_since(self, t: int) -> bool:
        """Whether its handlers have started a job after this time, in ns."""
        return any(event["t"] > t for event in self.events("start"))

    def ended(self, job: str) -> bool:
        """Whether one of its handlers has succeeded in this job."""
        return any(e["job"] == job and e["outcome"] == "ok" for e in self.events("end"))

    @property
    def worker_ids(self) -> dict[str, int]:
        """The queue's ids of its workers, and the process of each."""
        # Asked ten times a second, of histories that may be long: so each line is read once.
        for line in self._tail.read():
            if b'"hello"' in line and (event := json.loads(line))["type"] == "hello":
                self._worker_ids[event["worker"]] = event["pid"]
        return self._worker_ids

    def living_children(self) -> list[psutil.Process]:
        return [child for pid, child in self.children.items() if pid not in self.ended_pids]
