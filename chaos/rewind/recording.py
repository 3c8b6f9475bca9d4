"""The history of a run, divided at each boundary of the append-only file that the run left.

The server writes before it answers. So each transition that the proxy saw was durable when its
reply arrived, and ended no later than the file did then: `aof` is that size, and `aof_t` the time
at which it was read. The exact place is that of the last unit up to there that mentions the job,
because whoever waited for the reply had not got it yet, and had done nothing more. Only an enqueue
is different: a worker may have come before its reply. Its place is the last one before that.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from chaos.history.events import FaultLanded, FaultPlanned, ProcessExited, ServerDown
from chaos.rewind.prefix import Prefix
from chaos.rig.problem import RigProblem
from chaos.servers.aof import AppendOnlyFile, unit_before

Event = dict[str, Any]


class Recording:
    """The history of a run, of which each prefix holds a part."""

    def __init__(self, history: Path, source: AppendOnlyFile, *, delay_s: float = 0.0) -> None:
        """The server makes durable what it has written up to `delay_s` after it has answered.

        Raises RigProblem where history and file contradict each other.
        """
        self._delay_ns = int(delay_s * 1e9)
        self._events = _read(history)
        self._units = source.units()
        self._boundaries = source.boundaries()
        self._mentions: dict[bytes, list[int]] = defaultdict(list)
        for unit in self._units:
            for word in unit.words():
                self._mentions[word].append(unit.end)
        self._samples = sorted((e["aof_t"], e["aof"]) for e in self._events if "aof" in e)
        if not self._samples:
            raise RigProblem(
                "no transition was seen on the wire, so nobody knows when anything was durable"
            )
        transitions = [event for event in self._events if event["type"] == "transition"]
        self._places = {id(event): self._place(event) for event in transitions}
        self._claims = {
            (event["job"], event["token"]): self._places[id(event)]
            for event in transitions
            if event["op"] == "claim" and event.get("answer") == "ok"
        }
        self._stored = {e["job"]: self._enqueued(e) for e in transitions if e["op"] == "enqueue"}
        for event in self._events:
            if event["type"] == "start" and (event["job"], event.get("token")) not in self._claims:
                raise RigProblem(f"job {event['job']} was started without a claim on the wire")

    def prefixes(self) -> list[Prefix]:
        """The prefix that ends at each boundary, in order."""
        return [self._prefix(number, size) for number, size in enumerate(self._boundaries)]

    def _prefix(self, number: int, size: int) -> Prefix:
        before = unit_before(self._units, size)
        whole = before.end if before else 0
        later = [t for t, grown in self._samples if grown > size]
        # After the last sample nothing became durable but the workers' farewells.
        t = later[0] if later else max(event["t"] for event in self._events)
        prefix = Prefix(name=f"p{number:05d}", size=size, whole=whole, t=t, jobs=())
        jobs = {job for job, place in self._stored.items() if place <= whole}
        jobs |= {
            e.get("answer_job") or e["job"] for e in self._events if self._acknowledged(e, prefix)
        }
        return replace(prefix, jobs=tuple(sorted(jobs)))

    def until(self, prefix: Prefix) -> Iterator[Event]:
        """The events that had happened, and were known, when the power failed; and the failure."""
        for event in self._events:
            if self._acknowledged(event, prefix):
                yield event | {"t": min(event["t"], prefix.t)}
            elif event["t"] <= prefix.t and self._happened(event, prefix):
                yield event
        yield from self._loss(prefix)

    def _acknowledged(self, event: Event, prefix: Prefix) -> bool:
        """True if this told a producer, before the power failed, that its job is stored."""
        if event["type"] != "enqueue" or event["phase"] != "ok":
            return False
        place = self._stored.get(event.get("answer_job") or event["job"])
        if place is None:
            raise RigProblem(f"job {event['job']} was acknowledged, and not enqueued on the wire")
        late = self._delay_ns and event["t"] <= prefix.t + self._delay_ns
        return place <= prefix.whole or bool(late)

    def _happened(self, event: Event, prefix: Prefix) -> bool:
        match event["type"]:
            case "transition" if event["op"] == "enqueue":
                return self._stored[event["job"]] <= prefix.whole
            case "transition":
                return self._places[id(event)] <= prefix.whole
            case "process":
                return event["event"] in ("spawn", "ready")
            case "enqueue":
                return bool(event["phase"] != "ok")
            case "hello" | "start" | "end":
                return True  # prefixes without its claim end at an earlier time
        return False

    def _loss(self, prefix: Prefix) -> Iterator[Event]:
        """The power fails, for the server and for all who worked."""
        at: Event = {"t": prefix.t, "process": "rig", "pid": 0}
        cut: dict[str, Any] = {
            "fault": "cut",
            "kind": "server-kill" if self._delay_ns else "server-kill-durable",
            "target": "server",
            "phase": prefix.phase,
        }
        yield at | FaultPlanned(**cut).to_json()
        yield at | FaultLanded(**cut).to_json()
        yield at | ServerDown().to_json()
        for event in self._events:
            if event["type"] == "process" and event["event"] == "spawn" and event["t"] <= prefix.t:
                name = event["name"]
                killed = FaultLanded(
                    fault=f"cut-{name}", kind="kill", target=name, phase="power loss"
                )
                yield at | killed.to_json()
                yield event | at | ProcessExited(name=name, signal=9).to_json()

    def _place(self, event: Event) -> int:
        """The offset after which a transition is durable."""
        mentions = self._mentions[event["job"].encode()]
        before = bisect_right(mentions, event["aof"])
        # A transition that changed nothing is known as soon as it is answered.
        return mentions[before - 1] if before else int(event["aof"])

    def _enqueued(self, event: Event) -> int:
        """The same for an enqueue: the last place before the first claim of its job."""
        claims = [claimed for (job, _), claimed in self._claims.items() if job == event["job"]]
        mentions = self._mentions[event["job"].encode()]
        earlier = [place for place in mentions if not claims or place < min(claims)]
        return earlier[-1] if earlier else self._place(event)


def _read(history: Path) -> list[Event]:
    events = []
    for path in sorted(history.glob("*.jsonl")):
        events += [json.loads(line) for line in path.read_bytes().splitlines()]
    return sorted(events, key=lambda event: event["t"])
