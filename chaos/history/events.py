"""The words of a history: every event that there is, with its fields.

A class is an event. `type` and, where a type has several events, its `word` tell them apart in the
file; the annotated fields are the other columns. What may be left out defaults to None. The schema
that the reader checks, the JSON Schema and `docs/history.md` are made from these classes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

Outcome = Literal["ok", "error", "cancelled", "lost"]
Operation = Literal[
    "enqueue", "claim", "refresh", "finish", "retry", "release", "bury", "takeback", "requeue"
]
Answer = Literal["ok", "repeat", "refused"]
State = Literal["queued", "active", "retrying", "completed", "dead", "missing"]
ProcessRole = Literal["worker", "fleet", "producer"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One line of a history, but for its stamp (`t`, `process`, `pid`)."""

    type: ClassVar[str]
    #: Name of the field that tells the events of a type apart, and its value; ("", "") if there is
    #: one event of this type.
    word: ClassVar[tuple[str, str]] = ("", "")


# Written by workers


@dataclass(frozen=True, slots=True, kw_only=True)
class Hello(Event):
    """A worker is there. Before its first job, and again by each worker of a fleet."""

    type = "hello"
    worker: Annotated[str, "the id that the queue knows it by, as in its health key"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Start(Event):
    """A handler begins."""

    type = "start"
    job: Annotated[str, "id of the job"]
    token: Annotated[int | None, "fencing token, where the queue has one"] = None
    worker: Annotated[str | None, "as in `hello`"] = None
    attempt: Annotated[int | None, "1 for the first run, as the queue counts. For people"] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class End(Event):
    """The handler that the same process started for this job and token is over."""

    type = "end"
    job: Annotated[str, "id of the job"]
    outcome: Annotated[Outcome, "`ok`; `error`: it raised; `cancelled`; `lost`: its lock was lost"]
    token: Annotated[int | None, "as in `start`"] = None
    worker: Annotated[str | None, "as in `hello`"] = None


# Written by whoever enqueues


@dataclass(frozen=True, slots=True, kw_only=True)
class Enqueue(Event):
    type = "enqueue"
    op: Annotated[str, "names the operation; the same in all its events"]
    job: Annotated[str | None, "id that was asked for"] = None
    kind: Annotated[str | None, "what the job is to do; `requeue`: a dead one is to live again"] = (
        None
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class EnqueueInvoked(Enqueue):
    """A producer is about to enqueue."""

    word = ("phase", "invoke")
    queue: str | None = None
    unique: str | None = None
    due_t: int | None = None
    max_retries: int | None = None
    max_crashes: int | None = None
    effects: int | None = None
    doomed: bool | None = None
    resists: bool | None = None
    result_ttl_s: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EnqueueOk(Enqueue):
    """The producer was told that the job is stored."""

    word = ("phase", "ok")
    answer_job: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EnqueueFailed(Enqueue):
    """It definitely did not happen."""

    word = ("phase", "fail")
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EnqueueInDoubt(Enqueue):
    """Nobody knows whether it happened."""

    word = ("phase", "info")
    error: str | None = None


# Written by the rig: the wire


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition(Event):
    """What one command on the wire did to a job. `answer` is None where no reply came."""

    type = "transition"
    op: Operation
    job: str | None = None
    token: int | None = None
    worker: str | None = None
    answer: Answer | None = None
    ttl_ms: int | None = None
    t_sent: int | None = None
    #: Of a run whose server's append-only file is followed: its size then, and when it was asked.
    aof: int | None = None
    aof_t: int | None = None


# Written by the rig: processes


@dataclass(frozen=True, slots=True, kw_only=True)
class Process(Event):
    type = "process"
    name: str
    child_pid: int | None = None
    role: ProcessRole | None = None
    burst: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessSpawned(Process):
    word = ("event", "spawn")


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessReady(Process):
    word = ("event", "ready")


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessExited(Process):
    word = ("event", "exit")
    code: int | None = None
    signal: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessWorking(Process):
    word = ("event", "working")


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessIdle(Process):
    word = ("event", "idle")


@dataclass(frozen=True, slots=True, kw_only=True)
class Health(Event):
    type = "health"
    worker: str
    seen: bool
    ttl_ms: int | None = None


# Written by the rig: faults


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault(Event):
    type = "fault"
    fault: str
    kind: str
    target: str | None = None
    phase: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultPlanned(Fault):
    word = ("event", "planned")


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultLanded(Fault):
    word = ("event", "landed")
    job: str | None = None
    child_pid: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultHealed(Fault):
    word = ("event", "healed")


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultMissed(Fault):
    word = ("event", "missed")
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultCancelled(Fault):
    word = ("event", "cancelled")


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerUp(Event):
    type, word = "server", ("event", "up")


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerDown(Event):
    type, word = "server", ("event", "down")


# Written by the rig: itself, and the end


@dataclass(frozen=True, slots=True, kw_only=True)
class RigStarted(Event):
    type, word = "rig", ("event", "started")


@dataclass(frozen=True, slots=True, kw_only=True)
class RigFinished(Event):
    type, word = "rig", ("event", "finished")


@dataclass(frozen=True, slots=True, kw_only=True)
class RigBroken(Event):
    type, word = "rig", ("event", "broken")
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RigObstructed(Event):
    type, word = "rig", ("event", "obstructed")
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Final(Event):
    """What is in the store in the end."""

    type = "final"


@dataclass(frozen=True, slots=True, kw_only=True)
class FinalRead(Final):
    word = ("what", "read")
    ok: bool
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FinalJob(Final):
    word = ("what", "job")
    job: str
    state: State
    retries: int | None = None
    crashes: int | None = None
    token: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FinalEffect(Final):
    word = ("what", "effect")
    job: str
    token: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FinalQueue(Final):
    word = ("what", "queue")
    job: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FinalLock(Final):
    word = ("what", "lock")
    job: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FinalDlq(Final):
    word = ("what", "dlq")
    job: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FinalKey(Final):
    word = ("what", "key")
    key: str
    kind: str | None = None
    ttl_ms: int | None = None
    owner: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FinalWorker(Final):
    word = ("what", "worker")
    worker: str
    alive: bool
    seen: bool
