"""The words that all reports share: for what was done, what was counted, and what it means."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from chaos.checks.verdict import CheckResult, FaultCount, Outcome, Status, Verdict
from chaos.guarantees import GUARANTEES
from chaos.known import Held

MEANINGS = {
    Outcome.PASS: "every promise that was put to the test was kept",
    Outcome.FAIL: "a promised guarantee was broken",
    Outcome.UNKNOWN: "evidence is missing, so this run proves nothing",
}
"""The meaning of an outcome, and so of the exit code."""

WORDS = {
    "acknowledged": "the producer was told that the job is stored",
    "dead-lettered": "given up, and kept aside with the reason",
    "attempt": "one start of a job's handler, numbered by its token",
    "landed": "a fault that took place at the moment it was planned for",
    "cases": "how often the run put a guarantee to the test",
    "not exercised": "the run had no case of it, so it says nothing about it",
    "not promised": "looked at, but this queue does not claim it",
}
"""The words of a report, defined in it."""

UNKNOWABLE = {
    "not known": "this queue shows no evidence of it, so nobody can say",
    "kept in part": "of the ways to break it, those that this queue shows did not come up",
}
"""Words of a report on a queue that does not show everything."""

PHASES = {
    "before-send": "before the command reached the server",
    "before-reply": "after it ran on the server, before its reply reached the worker",
    "after-reply": "right after its reply reached the worker",
}
"""The meaning of the phase of a fault on the wire."""

SEED_NOTE = "the seed fixes the plan, not the timing of processes"

# count in a verdict -> how a report puts it. The later ones are told only when there are any.
_ALWAYS = {
    "enqueued": "enqueued",
    "acknowledged": "acknowledged",
    "completed": "completed",
    "dead": "dead-lettered",
}
_IF_ANY = {
    "refused": "refused",
    "uncertain": "without an answer (they may run or not)",
    "repeated": "started more than once",
}


class State(StrEnum):
    """The state of a guarantee, in the words of a report."""

    KEPT = "kept"
    BROKEN = "BROKEN"
    NOT_EXERCISED = "not exercised"
    NOT_PROMISED = "not promised"
    BROKEN_UNPROMISED = "broken, not promised"
    NOT_CHECKED = "check failed"
    NOT_KNOWN = "not known"
    KEPT_IN_PART = "kept in part"

    @property
    def idle(self) -> bool:
        """True if the run says nothing about the guarantee."""
        return self in (State.NOT_EXERCISED, State.NOT_KNOWN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """A guarantee with all its checks, which is a line of a report."""

    id: str
    sentence: str
    promised: bool
    checks: tuple[CheckResult, ...]

    @property
    def examined(self) -> int:
        """The number of cases that its checks looked at."""
        return sum(check.examined for check in self.checks)

    @property
    def broken(self) -> int:
        """The number of cases that its checks found broken."""
        return sum(check.broken for check in self.checks)

    @property
    def state(self) -> State:
        """Its checks in one word. A broken case counts for more than a check that failed."""
        if any(check.status is Status.BROKEN for check in self.checks):
            return State.BROKEN if self.promised else State.BROKEN_UNPROMISED
        if any(check.error for check in self.checks):
            return State.NOT_CHECKED
        seen = {check.status for check in self.checks}
        if Status.OK not in seen:
            return State.NOT_KNOWN if Status.NOT_KNOWN in seen else State.NOT_EXERCISED
        if not self.promised:
            return State.NOT_PROMISED
        return State.KEPT_IN_PART if Status.NOT_KNOWN in seen else State.KEPT


def promises(verdict: Verdict) -> tuple[Promise, ...]:
    """The guarantees that were checked, in the order of `GUARANTEES`."""
    checks: dict[str, list[CheckResult]] = {}
    for check in verdict.checks:
        checks.setdefault(check.guarantee, []).append(check)
    places = {id_: place for place, id_ in enumerate(GUARANTEES)}
    return tuple(
        Promise(
            id=id_,
            sentence=own[0].sentence,
            promised=any(check.promised for check in own),
            checks=tuple(own),
        )
        for id_, own in sorted(checks.items(), key=lambda item: places.get(item[0], len(places)))
    )


def unknowable(verdict: Verdict) -> list[str]:
    """A sentence for each guarantee that could not be looked at, or not in full: why, and which
    anomalies nobody could have seen."""
    hidden: dict[tuple[str, str], list[str]] = {}
    for check in verdict.checks:
        if check.lacks:
            hidden.setdefault((check.guarantee, check.lacks), []).append(check.anomaly)
    return [
        plain(f"{guarantee}: {lacks} ({', '.join(anomalies)})")
        for (guarantee, lacks), anomalies in hidden.items()
    ]


def meaning_of(verdict: Verdict, held: Held) -> str:
    """The meaning of an outcome, where a list of known anomalies has had its say."""
    outcome = held.outcome(verdict)
    if held.gone and verdict.outcome is not Outcome.FAIL:
        return "what is known to be broken is not, so its entry has to go"
    if held.known and outcome is Outcome.PASS:
        return f"every promise was kept but for what is known: {', '.join(held.known)}"
    return MEANINGS[outcome]


def words_of(verdict: Verdict) -> dict[str, str]:
    """The words that the report on a run uses, defined; without the sides of faults."""
    states = {str(promise.state) for promise in promises(verdict)}
    return WORDS | {word: meaning for word, meaning in UNKNOWABLE.items() if word in states}


def plain(text: object, limit: int | None = None) -> str:
    """`text` on one line, without characters that would steer a terminal or break a file.

    Ids come from the queue under test, which may put anything into them. What is longer than
    `limit` characters loses its middle.
    """
    told = "".join(
        f"\\u{ord(char):04x}" if unicodedata.category(char) in ("Cc", "Cf", "Cs", "Cn") else char
        for char in " ".join(str(text).split(" "))
    )
    if limit is not None and len(told) > limit:
        head = limit * 2 // 3
        told = f"{told[:head]}...{told[len(told) - (limit - head - 3) :]}"
    return told


def lines(text: str) -> str:
    """Each line of `text` made `plain`."""
    return "\n".join(plain(line) for line in text.split("\n"))


def setting(run: Mapping[str, Any], name: str) -> str | None:
    """One value of run.json as text; None when the run does not say it."""
    value = run.get(name)
    return None if value is None or value == "" else plain(value, 400)


def scenario_of(verdict: Verdict) -> str:
    """The name of the run."""
    return setting(verdict.run, "scenario") or "unnamed run"


def what_was_run(verdict: Verdict) -> str:
    """Target, server, workers and jobs, in one line."""
    run = verdict.run
    versions = run.get("versions")
    server = setting(versions, "server") if isinstance(versions, Mapping) else None
    if server and server[0].isdigit():
        server = f"server {server}"
    parts = [
        " on ".join(part for part in (setting(run, "target"), server) if part),
        *(amount(run.get(name), name[:-1]) for name in ("workers", "jobs") if run.get(name)),
        "burst mode" if run.get("burst") is True else "",
    ]
    return ", ".join(part for part in parts if part) or "run.json does not say what was run"


def what_was_done(faults: Iterable[FaultCount]) -> list[str]:
    """One sentence per kind of fault: how many landed at which phase of a job's life."""
    kinds: dict[str, list[FaultCount]] = {}
    for fault in faults:
        kinds.setdefault(fault.kind, []).append(fault)
    return [_kind(kind, counts) for kind, counts in kinds.items()]


def _kind(kind: str, counts: list[FaultCount]) -> str:
    landed = sum(count.landed for count in counts)
    # A fault that nobody announced was planned all the same.
    planned = max(sum(count.planned for count in counts), landed)
    where = [_at(count.landed, count.phase) for count in counts if count.landed]
    told = (
        f"{', '.join(where)}; {landed} of {planned} landed" if where else f"0 of {planned} landed"
    )
    if landed < planned:
        absent = [
            _at(count.planned - count.landed, count.phase)
            for count in counts
            if count.planned > count.landed
        ]
        told += f" (missing: {', '.join(absent)})"
    return plain(f"{kind}: {told}")


def _at(number: int, phase: str) -> str:
    return f"{number} at {phase}" if phase else str(number)


def what_was_counted(counts: Mapping[str, int]) -> str:
    """The jobs that were enqueued, acknowledged, completed and so on, in one line."""
    parts = [f"{counts[name]:,} {word}" for name, word in _ALWAYS.items() if name in counts]
    parts += [f"{counts[name]:,} {word}" for name, word in _IF_ANY.items() if counts.get(name)]
    if "attempts" in counts:
        parts.append(f"{amount(counts['attempts'], 'attempt')} started")
    if counts.get("again"):
        jobs, times_s = amount(counts["again"], "job"), _seconds(counts)
        parts.append(f"{jobs} of dead workers taken again {after(*times_s)}")
    if "pairs" in counts:
        pairs = counts["pairs"] + counts["pairs_left"]
        parts.append(f"{counts['pairs']:,} of {pairs:,} pairs of the space of jobs met")
    return ", ".join(parts) or "nothing was counted"


def _seconds(counts: Mapping[str, int]) -> tuple[float, float]:
    return counts["again_median_ms"] / 1000, counts["again_worst_ms"] / 1000


def after(median_s: float, worst_s: float) -> str:
    """How soon something came again."""
    return f"after {median_s:.1f} s in the median, {worst_s:.1f} s at worst"


def amount(number: object, noun: str) -> str:
    """`3 jobs`, `1 job`."""
    told = f"{number:,}" if isinstance(number, int) else plain(number, 40)
    return f"{told} {noun}{'' if number == 1 else 's'}"
