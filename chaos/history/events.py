"""The words of a history: every event that there is, with its fields.

A class is an event. `type` and, where a type has several events, its `word` tell them apart in the
file; the annotated fields are the other columns. What may be left out defaults to None. The schema
that the reader checks, the JSON Schema and `docs/history.md` are made from these classes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from chaos.history.event import Event as Event
from chaos.history.event import Write as Write
from chaos.history.worker_events import End as End
from chaos.history.worker_events import Hello as Hello
from chaos.history.worker_events import Outcome as Outcome
from chaos.history.worker_events import Start as Start
from chaos.history.worker_events import Vitals as Vitals

Operation = Literal[
    "enqueue", "claim", "refresh", "finish", "retry", "release", "bury", "takeback", "requeue"
]
Answer = Literal["ok", "repeat", "refused"]
State = Literal["queued", "active", "retrying", "completed", "dead", "missing"]


# Written by producers


@dataclass(frozen=True, slots=True, kw_only=True)
class Enqueue(Event):
    """An operation of a producer: its invocation, which tells the terms, and later its outcome."""

    type = "enqueue"
    op: Annotated[str, "names the operation; the same in both of its events"]
    job: Annotated[str | None, "id that was asked for; absent: the queue was to give it one"] = None
    kind: Annotated[
        str | None, "what the handler is to do; `requeue`: a dead job was put back by hand"
    ] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EnqueueInvoked(Enqueue):
    """A producer is about to enqueue."""

    word = ("phase", "invoke")
    call: Annotated[
        str | None, "names the call that enqueues it; its other jobs name the same one"
    ] = None
    place: Annotated[int | None, "its place among the jobs of the call; the first one has 0"] = None
    queue: Annotated[str | None, "its queue's name"] = None
    handler: Annotated[
        str | None, "`async`, or `thread`: a plain function, which the queue runs in a thread"
    ] = None
    arguments: Annotated[str | None, "digest of the arguments that were sent"] = None
    returns: Annotated[str | None, "digest of what the handler is to return"] = None
    unique: Annotated[str | None, "unique key"] = None
    due_t: Annotated[int | None, "not before this time, in ns; absent: at once"] = None
    max_retries: Annotated[int | None, "failed attempts until it is dead-lettered"] = None
    max_crashes: Annotated[int | None, "crashed attempts until it is dead-lettered"] = None
    effects: Annotated[int | None, "effects that each completion hands to its commit"] = None
    doomed: Annotated[bool | None, "it can never succeed, and may be dead-lettered at any time"] = (
        None
    )
    resists: Annotated[bool | None, "its handler does not let itself be cancelled"] = None
    deadly: Annotated[bool | None, "its handler ends the process of its worker"] = None
    result_ttl_s: Annotated[int | None, "how long a completed job is kept; 0: for ever"] = None
    timeout_ms: Annotated[int | None, "how long one attempt may run"] = None
    retry_delay_ms: Annotated[
        int | None,
        "the delay that its handler asks for after each failure; absent: the queue's own",
    ] = None
    refused: Annotated[
        bool | None, "the server refuses one of its effects, and earlier ones may stay"
    ] = None
    point: Annotated[
        str | None, "place in the space of jobs: `dimension=value`, one after the other"
    ] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EnqueueOk(Enqueue):
    """The producer was told that the job is stored."""

    word = ("phase", "ok")
    answer_job: Annotated[
        str | None, "the job that stands for it, another one under a taken unique key"
    ] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EnqueueFailed(Enqueue):
    """It was definitely not done."""

    word = ("phase", "fail")
    error: Annotated[str | None, "why"] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EnqueueUncertain(Enqueue):
    """It is unknown whether it was done."""

    word = ("phase", "info")
    error: Annotated[str | None, "why"] = None


# Written by the rig: the wire


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition(Event):
    """The effect of a command on one job, seen on the wire. `t` is the time of its reply."""

    type = "transition"
    op: Annotated[
        Operation,
        "`enqueue`, `claim`, `refresh`, `finish`, `retry`, `release`, `bury` (dead-lettered), "
        "`takeback` (an expired lock was taken from its holder), `requeue`",
    ]
    job: Annotated[str | None, "id of the job; without it the transition is not looked at"] = None
    answer: Annotated[
        Answer | None,
        "`ok`: accepted; `repeat`: it had been accepted before; `refused`; absent: no reply was "
        "seen",
    ] = None
    token: Annotated[int | None, "of the attempt that it is about"] = None
    worker: Annotated[str | None, "id of the worker that asked"] = None
    t_sent: Annotated[int | None, "when the command was sent, in ns"] = None
    ttl_ms: Annotated[
        int | None, "of a `claim` or `refresh`: how long the lock lives from then on"
    ] = None
    delay_ms: Annotated[int | None, "of a `retry`: how long the job then waits"] = None
    aof: Annotated[
        int | None, "size of the server's append-only file, in bytes, where it is followed"
    ] = None
    aof_t: Annotated[int | None, "when that size was read, in ns"] = None


# Written by the rig: processes


@dataclass(frozen=True, slots=True, kw_only=True)
class Process(Event):
    """A process of the target, as the rig sees it."""

    type = "process"
    name: Annotated[str, "of the process: `fleet-1.4711` is a worker of `fleet-1`"]
    child_pid: Annotated[int | None, "its pid"] = None
    role: Annotated[str | None, "`worker`, `fleet` (the parent of some), or another"] = None
    burst: Annotated[bool | None, "it is to leave when no work is left"] = None
    concurrency: Annotated[int | None, "the jobs that it may run at a time"] = None
    queues: Annotated[
        str | None, "names of the queues that it serves, in its order, joined by commas"
    ] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessSpawned(Process):
    """It was started."""

    word = ("event", "spawn")


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessReady(Process):
    """It can take jobs."""

    word = ("event", "ready")


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessExited(Process):
    """It is gone."""

    word = ("event", "exit")
    code: Annotated[int | None, "the exit code, where it is known"] = None
    signal: Annotated[int | None, "the signal that ended it"] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessWorking(Process):
    """It took one of the jobs that the rig offered when all faults were over."""

    word = ("event", "working")


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessIdle(Process):
    """It took none of these jobs."""

    word = ("event", "idle")


@dataclass(frozen=True, slots=True, kw_only=True)
class Health(Event):
    """A look at a worker's health key."""

    type = "health"
    worker: Annotated[str, "as in `hello`"]
    seen: Annotated[bool, "whether it was there"]


# Written by the rig: samples


@dataclass(frozen=True, slots=True, kw_only=True)
class Look(Event):
    """Looks at the store while the run goes on: things that were compared with one rule."""

    type = "look"
    rule: Annotated[str, "one word for the rule, the target's own"]
    objects: Annotated[int, "how many things were compared with it since its last event"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Inconsistent(Event):
    """Something that a look found in the store, and that contradicts a rule. Told once."""

    type = "inconsistent"
    rule: Annotated[str, "as in `look`"]
    found: Annotated[str, "what was there"]
    job: Annotated[str | None, "the job"] = None
    key: Annotated[str | None, "the key, where it is no job's matter"] = None
    timed: Annotated[bool | None, "the rule compares times of the server's clock"] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage(Event):
    """What a process of the target uses at one moment."""

    type = "usage"
    name: Annotated[str, "of the process, as in `process`"]
    child_pid: Annotated[int, "its pid"]
    memory_kb: Annotated[int | None, "memory of its own (private and dirty)"] = None
    descriptors: Annotated[int | None, "open descriptors"] = None
    sockets: Annotated[int | None, "those that are sockets: connections, for the most part"] = None
    threads: Annotated[int | None, "its threads"] = None
    children: Annotated[int | None, "living workers, of the parent of a fleet"] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic(Event):
    """What a process has sent to the wire proxy since the last such event."""

    type = "traffic"
    name: Annotated[str, "of the process that the listener belongs to"]
    t_sent: Annotated[int, "when counting began, in ns; it ended at `t`"]
    commands: Annotated[int, "commands that it sent"]
    connections: Annotated[int, "connections that it opened"]
    children: Annotated[int | None, "living workers that share them, in a fleet"] = None


# Written by the rig: faults


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault(Event):
    """Something that the rig does to a process or to the server."""

    type = "fault"
    fault: Annotated[str, "names the fault; the same in all its events"]
    kind: Annotated[str, "what it does; see below"]
    target: Annotated[str | None, "name of the process, or `server`"] = None
    phase: Annotated[str | None, "where in a job's life: `claim/before-reply`"] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultPlanned(Fault):
    """It is to land when its moment comes."""

    word = ("event", "planned")


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultBegun(Fault):
    """The rig is about to do it: from now on it may have taken effect."""

    word = ("event", "begun")


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultLanded(Fault):
    """It was done: it took effect between its beginning, where that is told, and now."""

    word = ("event", "landed")
    job: Annotated[str | None, "of the command that it landed at"] = None
    child_pid: Annotated[
        int | None, "the process that was hit, of those that share the target's connection name"
    ] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultHealed(Fault):
    """It was undone."""

    word = ("event", "healed")


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultMissed(Fault):
    """It will never land."""

    word = ("event", "missed")
    error: Annotated[str | None, "why"] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultCancelled(Fault):
    """The rig took it back."""

    word = ("event", "cancelled")


@dataclass(frozen=True, slots=True, kw_only=True)
class Server(Event):
    """The server, as the rig starts and ends it."""

    type = "server"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerUp(Server):
    """It answers."""

    word = ("event", "up")


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerDown(Server):
    """It is gone."""

    word = ("event", "down")


# Written by the rig: what must be, itself, and the end


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected(Event):
    """The end that a job must come to, wherever it is interrupted; what is absent may be anything.

    The rig says so of jobs whose handler and terms leave no choice.
    """

    type = "expected"
    job: Annotated[str, "the job"]
    state: Annotated[str | None, "as in `final`"] = None
    listed: Annotated[bool | None, "whether it is in a dead-letter queue"] = None
    retries: Annotated[int | None, "failures that it counts"] = None
    crashes: Annotated[int | None, "crashes that it counts"] = None
    effects: Annotated[int | None, "effects that it has left behind"] = None
    result: Annotated[str | None, "the digest of its result"] = None
    after: Annotated[str | None, "the job whose first start must come before its own"] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rig(Event):
    """The rig itself."""

    type = "rig"


@dataclass(frozen=True, slots=True, kw_only=True)
class RigStarted(Rig):
    """The run begins."""

    word = ("event", "started")


@dataclass(frozen=True, slots=True, kw_only=True)
class RigFinished(Rig):
    """The run was played to its end."""

    word = ("event", "finished")


@dataclass(frozen=True, slots=True, kw_only=True)
class RigBroken(Rig):
    """The run cannot be judged."""

    word = ("event", "broken")
    error: Annotated[str | None, "why"] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RigObstructed(Rig):
    """The rig kept the target from its server, so that nothing counts against the target."""

    word = ("event", "obstructed")
    error: Annotated[str | None, "why"] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryFile(Event):
    """A file of the history, as the rig found it when all had been done. Such a file only grows, so
    that a shorter one, or none, is missing evidence."""

    type = "file"
    name: Annotated[str, "of the file, without `.jsonl`"]
    lines: Annotated[int, "whole lines in it"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lag(Event):
    """The machine has kept the run waiting for a processor, or for the disk, before `t`."""

    type = "lag"
    lag_ms: Annotated[
        int, "the wait of the rig's clockwork, of the server, and the longest one of a worker"
    ]
    within_ms: Annotated[
        int | None, "since the look before, in which that wait was over; it may have begun earlier"
    ] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Final(Event):
    """The store, read when everything has settled: an event for each thing that is there.

    A last one says whether all could be read.
    """

    type = "final"


@dataclass(frozen=True, slots=True, kw_only=True)
class FinalRead(Final):
    """The end of the reading."""

    word = ("what", "read")
    ok: Annotated[bool, "whether the whole state was read"]
    error: Annotated[str | None, "why not"] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FinalJob(Final):
    """A job of the run, whether or not it is still there."""

    word = ("what", "job")
    job: Annotated[str, "the job"]
    state: Annotated[
        State,
        "`queued`, `active`, `retrying`, `completed`, `dead`, or `missing`: there is no such job",
    ]
    retries: Annotated[int | None, "failures that it counts"] = None
    crashes: Annotated[int | None, "lost workers that it counts"] = None
    queue: Annotated[str | None, "its queue's name"] = None
    arguments: Annotated[str | None, "digest of its arguments"] = None
    left: Annotated[
        str | None, "keys that are called after it or name it, where nothing else tells of it"
    ] = None
    result: Annotated[str | None, "of a completed one: digest of its result"] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FinalEffect(Final):
    """An effect that a commit left behind."""

    word = ("what", "effect")
    job: Annotated[str, "the job that it belongs to"]
    token: Annotated[int | None, "of the attempt that committed it"] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FinalEntry(Final):
    """An entry of a list of jobs."""

    job: Annotated[str, "the job that the entry names"]
    queue: Annotated[str | None, "its queue's name"] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FinalQueue(FinalEntry):
    """A job that waits in a queue."""

    word = ("what", "queue")


@dataclass(frozen=True, slots=True, kw_only=True)
class FinalLock(FinalEntry):
    """A job that is locked."""

    word = ("what", "lock")


@dataclass(frozen=True, slots=True, kw_only=True)
class FinalDlq(FinalEntry):
    """A job in a dead-letter queue."""

    word = ("what", "dlq")


@dataclass(frozen=True, slots=True, kw_only=True)
class FinalKey(Final):
    """A key of the queue."""

    word = ("what", "key")
    key: Annotated[str, "its name"]
    kind: Annotated[
        str | None, "`job`, `unique`, `health`, `queue`, `lock`, `dlq`, `hint`, `other`"
    ] = None
    ttl_ms: Annotated[int | None, "as `PTTL` tells; -1: it never expires"] = None
    owner: Annotated[str | None, "the job or queue that needs it; absent: none"] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FinalWorker(Final):
    """A worker that there was."""

    word = ("what", "worker")
    worker: Annotated[str, "as in `hello`"]
    alive: Annotated[bool, "whether its process lives"]
    seen: Annotated[bool, "whether its health key is there"]


_DEFINED: list[type[Event]] = [
    value
    for value in vars().values()
    if isinstance(value, type) and issubclass(value, Event) and value.__module__ == __name__
]

EVENTS: tuple[type[Event], ...] = (
    *(Hello, Start, End, Vitals),
    *(one for one in _DEFINED if not any(issubclass(o, one) for o in _DEFINED if o is not one)),
)
"""Every event, in the order of their writers. What others only derive from is none."""
