"""What happened in a run, as far as a question needs it. Times are seconds since the run began."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chaos.checks.evidence import HOME


@dataclass(slots=True, kw_only=True)
class JobRun:
    """One run of a job's handler. It has not ended as long as `end_s` is None."""

    job: str
    process: str
    pid: int
    start_s: float
    end_s: float | None = None
    #: As the handler told it: ok, error, cancelled or lost.
    outcome: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Exit:
    """How a process has ended."""

    at_s: float
    code: int | None
    signal: int | None

    def __str__(self) -> str:
        return f"signal {self.signal}" if self.code is None else f"exit code {self.code}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """The history of one run."""

    #: In the order of their starts.
    runs: tuple[JobRun, ...]
    exits: Mapping[str, Exit]
    #: When each fault landed, by what it was and whom it hit, in their order.
    faults: tuple[tuple[str, str, float], ...]
    #: When each process was ready.
    ready: Mapping[str, float]
    #: Processes that lived until the rig sent them home.
    stayed: frozenset[str]
    #: Process -> whether it took a job that was offered after all faults.
    works: Mapping[str, bool]
    #: What the producer was told of each enqueue of a job: ok, fail, or info (nobody knows).
    told: Mapping[str, tuple[str, ...]]
    #: The state of each job in the end.
    ends: Mapping[str, str]
    #: What is left of each in the store, where the queue cannot say how it stands.
    left: Mapping[str, str]
    #: When the last event was.
    until_s: float
    #: Why the run could not be played to its end; empty if it was.
    broken: str

    def of(self, job: str) -> list[JobRun]:
        """The runs of one job."""
        return [run for run in self.runs if run.job == job]

    @property
    def fault_s(self) -> float:
        """When the first fault landed. Raises ValueError where none has."""
        if not self.faults:
            raise ValueError("the fault did not take place")
        return self.faults[0][2]

    def done(self, job: str) -> bool:
        """Whether a run of it has succeeded."""
        return any(run.outcome == "ok" for run in self.of(job))


def facts_of(directory: Path) -> Facts:
    """Read a run's directory."""
    events = sorted(_events(directory / "history"), key=lambda event: event["t"])
    begin = events[0]["t"] if events else 0
    runs: list[JobRun] = []
    exits, works, ends = dict[str, Exit](), dict[str, bool](), dict[str, str]()
    faults: list[tuple[str, str, float]] = []
    stayed, ready = set[str](), dict[str, float]()
    broken, left = "", dict[str, str]()
    told: dict[str, tuple[str, ...]] = {}
    for event in events:
        at_s = (event["t"] - begin) / 1e9
        match event:
            case {"type": "start", "job": job, "process": process, "pid": pid}:
                runs.append(JobRun(job=job, process=process, pid=pid, start_s=at_s))
            case {"type": "end", "job": job, "process": process, "pid": pid, "outcome": outcome}:
                _end(runs, (job, process, pid), at_s, outcome)
            case {"type": "enqueue", "phase": "ok" | "fail" | "info" as word, "job": str(job)}:
                told[job] = (*told.get(job, ()), word)
            case {"type": "process", "event": "ready", "name": name}:
                ready[name] = at_s
            case {"type": "process", "event": "exit", "name": name}:
                code, number = event.get("code"), event.get("signal")
                exits[name] = Exit(at_s=at_s, code=code, signal=number)
            case {"type": "process", "event": "working" | "idle" as word, "name": name}:
                works[name] = word == "working"
            case {"type": "fault", "event": "landed"}:
                _fault(event, at_s, stayed, faults)
            case {"type": "final", "what": "job", "job": job, "state": state}:
                ends[job] = state
                left[job] = event.get("left") or ""
            case {"type": "rig", "event": "broken"}:
                broken = event.get("error") or "the rig failed"
    return Facts(
        runs=tuple(runs),
        exits=exits,
        faults=tuple(faults),
        ready=ready,
        stayed=frozenset(stayed),
        works=works,
        told=told,
        ends=ends,
        left=left,
        until_s=(events[-1]["t"] - begin) / 1e9 if events else 0.0,
        broken=broken,
    )


def _fault(
    event: Mapping[str, Any], at_s: float, stayed: set[str], faults: list[tuple[str, str, float]]
) -> None:
    target = event.get("target") or ""
    if event["phase"] == HOME:
        stayed.add(target)
    elif target not in stayed:  # else it was only slow to leave
        faults.append((event["kind"], target, at_s))


def _end(runs: list[JobRun], who: tuple[str, str, int], at_s: float, outcome: str) -> None:
    for run in reversed(runs):
        if (run.job, run.process, run.pid) == who and run.end_s is None:
            run.end_s, run.outcome = at_s, outcome
            return


def _events(history: Path) -> Iterator[dict[str, Any]]:
    for path in sorted(history.glob("*.jsonl")):
        for line in path.read_text(errors="replace").splitlines():
            try:
                event = json.loads(line)
            except ValueError:
                continue  # the last line of a process that was killed
            if isinstance(event, dict) and isinstance(event.get("t"), int):
                yield event
