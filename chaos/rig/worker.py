"""One process of the target in a run, and what its handlers have written so far."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from chaos.faults import Injection
from chaos.history.tail import Tail
from chaos.processes import Descendant
from chaos.rig.life import Life
from chaos.targets import WorkerSettings
from chaos.wire import Tally


@dataclass(slots=True)
class Worker:
    """One process that the rig started: a worker, or the parent of a fleet.

    What it has written is read as it grows, each line once.
    """

    life: Life
    log: Path
    settings: WorkerSettings
    injections: list[Injection]
    history: Path
    #: The queues that it serves, in its order; none: all.
    queues: tuple[str, ...] = ()
    #: Counts its commands, where its handlers ask (`chaos.handlers`) and it does not say hello.
    commands: Tally | None = None
    #: It is meant to end: by a signal of the rig, or by a job that kills its worker.
    doomed: bool = False
    #: Another one was started in its place.
    replaced: bool = False
    #: It has started well. What becomes of it now is judged (`worker-died`), and no longer ours.
    ready: bool = False
    #: Processes of a fleet by pid, those that have ended included.
    children: dict[int, Descendant] = field(default_factory=dict)
    ended_pids: set[int] = field(default_factory=set)
    _tail: Tail = field(init=False)
    _ids: dict[str, int] = field(default_factory=dict)
    _starts: list[tuple[str, int]] = field(default_factory=list)
    #: Of each job, the process that started it last.
    _pids: dict[str, int] = field(default_factory=dict)
    _ends: int = 0
    _succeeded: set[str] = field(default_factory=set)
    #: Of each job: when its last run here began or ended, and whether it ended by itself.
    _last: dict[str, tuple[int, bool]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        # The workers of a fleet write to files of their own: `fleet-1.4711.jsonl`.
        self._tail = Tail(self.history.parent, f"{self.name}.*")

    @property
    def name(self) -> str:
        return self.life.name

    @property
    def is_fleet(self) -> bool:
        return self.life.role == "fleet"

    @property
    def alive(self) -> bool:
        return self.life.process.alive

    def slots(self) -> int:
        """The number of jobs that it, or this fleet, runs at a time."""
        return self.settings.concurrency * (len(self.living_children()) if self.is_fleet else 1)

    def living_children(self) -> list[Descendant]:
        """The workers of a fleet that are there now."""
        return [child for pid, child in self.children.items() if pid not in self.ended_pids]

    def unseen(self) -> set[int]:
        """The workers of a fleet that have said hello, and that nobody has seen."""
        return {*self.ids().values()} - self.children.keys() - self.ended_pids

    def came(self) -> int:
        """The number of workers that this fleet has started."""
        return len(self.children.keys() | self.ended_pids)

    def left(self) -> bool:
        """It has ended, and so have all workers of this fleet."""
        return self.life.gone and not self.living_children()

    def last_words(self) -> str:
        """Where its log is, and the last line in it."""
        with suppress(OSError):
            lines = self.log.read_text(errors="replace").split("\n")
            if said := [line.strip() for line in lines if line.strip()]:
                return f"see {self.log}, which ends with: {said[-1]:.200}"
        return f"see {self.log}"

    # The lines of its handlers

    def ids(self) -> dict[str, int]:
        """The queue's ids of its workers, and the process of each."""
        self._read_on()
        return self._ids

    def started(self, *jobs: str) -> bool:
        """True if its handlers have started all of these jobs."""
        return self.started_jobs().issuperset(jobs)

    def started_jobs(self) -> set[str]:
        """The jobs that its handlers have started."""
        self._read_on()
        return {job for job, _ in self._starts}

    def started_since(self, t: int) -> bool:
        """True if its handlers have started a job after this time, in ns."""
        self._read_on()
        return any(at > t for _, at in self._starts)

    def pid_of(self, job: str) -> int:
        """The process that started a job last. Raises KeyError if none has."""
        self._read_on()
        return self._pids[job]

    def starts(self) -> int:
        """The number of starts of its handlers."""
        self._read_on()
        return len(self._starts)

    def ends(self) -> int:
        """The number of ends of its handlers."""
        self._read_on()
        return self._ends

    def succeeded(self, job: str) -> bool:
        """True if one of its handlers has succeeded in this job."""
        self._read_on()
        return job in self._succeeded

    def last(self, job: str) -> tuple[int, bool]:
        """When the last run of a job began or ended here, in ns, and whether it has ended, well or
        with a failure; (0, False) if there was none."""
        self._read_on()
        return self._last.get(job, (0, False))

    def _read_on(self) -> None:
        for line in self._tail.read():
            event = json.loads(line)
            match event["type"]:
                case "hello":
                    self._ids[event["worker"]] = event["pid"]
                case "start":
                    self._starts.append((event["job"], event["t"]))
                    self._pids[event["job"]] = event["pid"]
                    self._last[event["job"]] = event["t"], False
                case "end":
                    self._ends += 1
                    self._last[event["job"]] = event["t"], event["outcome"] in ("ok", "error")
                    if event["outcome"] == "ok":
                        self._succeeded.add(event["job"])
