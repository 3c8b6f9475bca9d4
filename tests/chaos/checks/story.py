"""A small language for histories: `story.start("j1", "w1", token=1, at=30)`.

Times are ms since the run began. Two workers, w1 and w2 (processes worker-1 and worker-2), are up
and ready from the beginning. The parts of every run (the rig's start and end, a final state that
was read) are added automatically. `unknown` says that the verdict cannot be a pass, and `judged`
how many cases the story's own check could judge: if not told, those that it finds broken.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from chaos.guarantees import GUARANTEES

BEGIN_MS = 1_000_000
END_MS = 60_000
LOCK_TTL_MS = 1_000

TIMING = {
    "lock_ttl_ms": LOCK_TTL_MS,
    "poll_ms": 100,
    "recovery_slack_ms": 200,
    "health_ttl_ms": 3_000,
    "health_interval_ms": 1_000,
    "grace_ms": 2_000,
    "cleanup_ms": 500,
    "drain_slack_ms": 250,
    "clock_slack_ms": 5,
}

Event = dict[str, Any]


def ns(at_ms: float) -> int:
    return round((BEGIN_MS + at_ms) * 1_000_000)


class Story:
    """The events of one run, told in any order."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.run: dict[str, Any] = {
            "scenario": "golden",
            "seed": 1,
            "promises": list(GUARANTEES),
            "timing": dict(TIMING),
        }
        self.unknown = False
        self.judged: int | None = None
        self._torn = False
        self._ops = 0
        self._faults = 0
        self._processes: dict[str, tuple[str, int]] = {}
        self.event("rig", at=0, event="started")
        self.event("rig", at=END_MS, event="finished")
        self.event("final", at=END_MS - 1_000, what="read", ok=True)
        self.worker("w1")
        self.worker("w2")

    # ------------------------------------------------------------------ anything

    def event(self, type_: str, *, at: float, by: str = "rig", pid: int = 1, **fields: Any) -> None:
        self.events.append({"t": ns(at), "process": by, "pid": pid, "type": type_, **fields})

    def tear(self) -> None:
        """Damage a line that no kill explains, so that events may be missing."""
        self._torn = self.unknown = True

    def forget(self, type_: str, **fields: Any) -> None:
        """Take out the events of this type with these fields."""
        wanted = {"type": type_, **fields}.items()
        kept = [event for event in self.events if not wanted <= event.items()]
        assert len(kept) < len(self.events)
        self.events = kept

    # ------------------------------------------------------------------ processes

    def worker(
        self, worker: str, *, at: float = 0, process: str | None = None, **fields: Any
    ) -> None:
        """A worker process is spawned and says hello. `w3` is worker-3 if not named."""
        name = process or worker.replace("w", "worker-")
        pid = 100 + len(self._processes)
        self._processes[worker] = (name, pid)
        about: Event = {"name": name, "child_pid": pid, "role": "worker", **fields}
        self.event("process", at=at, event="spawn", **about)
        self.event("hello", at=at, by=name, pid=pid, worker=worker)
        self.event("process", at=at, event="ready", **about)

    def exit(
        self, worker: str, *, at: float, code: int | None = 0, signal: int | None = None
    ) -> None:
        name, pid = self._processes[worker]
        fate: Event = {"code": code, "signal": signal}
        self.event("process", at=at, event="exit", name=name, child_pid=pid, **fate)

    # ------------------------------------------------------------------ jobs

    def enqueue(
        self,
        job: str,
        *,
        at: float = 0,
        result: str | None = "ok",
        answer_job: str | None = None,
        due: float | None = None,
        named: bool = True,
        **fields: Any,
    ) -> None:
        """One enqueue; its outcome comes 1 ms later (result None: never). If it is not `named`, the
        queue gave it this id."""
        self._ops += 1
        asked = {"max_retries": 3, "max_crashes": 3, "effects": 0, "kind": "plain", **fields}
        common: Event = {"by": "producer", "pid": 50, "op": f"op{self._ops}", "job": job}
        due_t = None if due is None else ns(due)
        request = common if named else common | {"job": None}
        self.event("enqueue", at=at, phase="invoke", due_t=due_t, **request, **asked)
        if result is not None:
            answer: Event = (
                {"answer_job": answer_job or job} if result == "ok" else {"error": "timeout"}
            )
            self.event("enqueue", at=at + 1, phase=result, **common, **answer)

    def start(
        self, job: str, worker: str, *, at: float, token: int | None = 1, **fields: Any
    ) -> None:
        by, pid = self._processes[worker]
        about: Event = {"job": job, "token": token, "worker": worker, **fields}
        self.event("start", at=at, by=by, pid=pid, **about)

    def end(
        self,
        job: str,
        worker: str,
        *,
        at: float,
        token: int | None = 1,
        outcome: str = "ok",
        **fields: Any,
    ) -> None:
        by, pid = self._processes[worker]
        about: Event = {"job": job, "token": token, **fields}
        self.event("end", at=at, by=by, pid=pid, **about, outcome=outcome)

    def wire(
        self,
        op: str,
        job: str,
        worker: str,
        *,
        at: float,
        token: int | None = 1,
        answer: str | None = "ok",
        sent: float | None = None,
        ttl_ms: int | None = None,
        **more: Any,
    ) -> None:
        """A transition, whose reply arrived at `at`, and which was sent 1 ms earlier by default."""
        if op in ("claim", "refresh"):
            ttl_ms = ttl_ms or LOCK_TTL_MS
        t_sent = ns(at - 1 if sent is None else sent)
        about: Event = {"op": op, "job": job, "token": token, "worker": worker, "answer": answer}
        self.event(
            "transition",
            at=at,
            by=self._processes[worker][0],
            **about,
            t_sent=t_sent,
            ttl_ms=ttl_ms,
            **more,
        )

    def attempt(
        self,
        job: str,
        worker: str = "w1",
        *,
        at: float,
        until: float,
        token: int = 1,
        outcome: str = "ok",
        last: str | None = None,
    ) -> None:
        """A whole attempt on the wire: claim at `at`, start 2 ms later, end at `until`, then its
        last transition 2 ms later: `last`, or finish when ok and retry when not."""
        self.wire("claim", job, worker, at=at, token=token)
        self.start(job, worker, at=at + 2, token=token)
        self.end(job, worker, at=until, token=token, outcome=outcome)
        last = last or ("finish" if outcome == "ok" else "retry")
        self.wire(last, job, worker, at=until + 2, token=token)

    # ------------------------------------------------------------------ faults

    def fault(
        self,
        kind: str,
        worker: str,
        *,
        at: float,
        until: float | None = None,
        phase: str = "running",
        planned: bool = True,
        **fields: Any,
    ) -> None:
        """A fault that lands at `at` and, if told, is healed at `until`."""
        self._faults += 1
        target = self._processes[worker][0] if worker in self._processes else worker
        about: Event = {"fault": f"f{self._faults}", "kind": kind, "target": target, "phase": phase}
        about.update(fields)
        if planned:
            self.event("fault", at=0, event="planned", **about)
        self.event("fault", at=at, event="landed", **about)
        if until is not None:
            self.event("fault", at=until, event="healed", **about)

    def kill(self, worker: str, *, at: float) -> None:
        """SIGKILL, noticed 5 ms later."""
        self.fault("kill", worker, at=at)
        self.exit(worker, at=at + 5, code=None, signal=9)

    def lag(self, ms: int, *, until: float) -> None:
        """The machine kept the run waiting."""
        self.event("lag", at=until, lag_ms=ms)

    # ------------------------------------------------------------------ the final state

    def final(self, what: str, **fields: Any) -> None:
        self.event("final", at=END_MS - 900, what=what, **fields)

    def finally_(
        self, job: str, state: str, *, retries: int = 0, effects: int = 0, **fields: Any
    ) -> None:
        """The job's final state, and its effects that were found (all with token 1)."""
        self.final("job", job=job, state=state, retries=retries, **fields)
        for _ in range(effects):
            self.final("effect", job=job, token=1)

    # ------------------------------------------------------------------ telling it

    def write(self, run_dir: Path) -> Path:
        """Write the run directory, each process to its own file."""
        (run_dir / "history").mkdir(parents=True, exist_ok=True)
        (run_dir / "run.json").write_text(json.dumps(self.run))
        written: dict[str, list[str]] = {}
        for event in sorted(self.events, key=lambda event: int(event["t"])):
            owner = "rig" if event["type"] == "transition" else event["process"]
            written.setdefault(owner, []).append(json.dumps(event))
        for process, lines in written.items():
            path = run_dir / "history" / f"{process}.jsonl"
            torn = '{"t":\n' if self._torn else ""
            path.write_text(torn + "".join(line + "\n" for line in lines))
        return run_dir
