"""The verdict on a run: pass, fail or unknown, and all the evidence that a report shows."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Outcome(StrEnum):
    """The verdict in one word. Unknown means that evidence is missing; it is never green."""

    PASS = "pass"
    FAIL = "fail"
    UNKNOWN = "unknown"

    @property
    def exit_code(self) -> int:
        """The exit status that stands for it: 0, 1 or 3. (2 is wrong usage, and no verdict.)"""
        return {Outcome.PASS: 0, Outcome.FAIL: 1, Outcome.UNKNOWN: 3}[self]


class Status(StrEnum):
    """The word for what one check saw. One that met no case has not passed: it was not exercised.
    One that the target has no evidence for could not look: what it asks is not known."""

    OK = "ok"
    BROKEN = "broken"
    NOT_EXERCISED = "not exercised"
    NOT_KNOWN = "not known"


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """One anomaly, looked for.

    `sentence` is the guarantee's. `examined` counts the cases that were judged, `broken` those of
    them that broke it, and `excused` the cases that could not have been judged broken. `rows` are
    the first broken ones (20 at most), each with at least `job` (str or None) and `why` (a
    sentence). `error` says why the check itself failed; then nothing was looked at, and the run
    cannot pass. `lacks` says what the target does not show, where nothing can be known without it.
    """

    anomaly: str
    guarantee: str
    sentence: str
    promised: bool
    examined: int
    broken: int
    rows: tuple[dict[str, Any], ...]
    status: Status
    error: str | None = None
    lacks: str | None = None
    excused: int = 0

    def to_json(self) -> dict[str, Any]:
        """The same as plain JSON values."""
        return {
            "anomaly": self.anomaly,
            "guarantee": self.guarantee,
            "sentence": self.sentence,
            "promised": self.promised,
            "examined": self.examined,
            "excused": self.excused,
            "broken": self.broken,
            "rows": [dict(row) for row in self.rows],
            "status": str(self.status),
            "error": self.error,
            "lacks": self.lacks,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> CheckResult:
        """The result that `to_json` was called on. Raises KeyError, TypeError or ValueError."""
        return cls(**{**data, "status": Status(data["status"]), "rows": tuple(data["rows"])})


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultCount:
    """The numbers of faults of one kind and phase that were planned, that landed, and that missed.

    `phase` is where the fault was planned to land or did land; "" when no event tells.
    """

    kind: str
    phase: str
    planned: int
    landed: int
    missed: int

    def to_json(self) -> dict[str, Any]:
        """The same as plain JSON values."""
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> FaultCount:
        """The count that `to_json` was called on. Raises TypeError."""
        return cls(**data)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The judgement on one run.

    `checks` has one entry per anomaly, in the order of `ANOMALIES`. `unknown_because` lists every
    reason not to trust a green result, and may be non-empty in a failed run too. `run` is run.json
    as it was read ({} when it could not be).
    """

    outcome: Outcome
    checks: tuple[CheckResult, ...]
    unknown_because: tuple[str, ...]
    counts: dict[str, int]
    faults: tuple[FaultCount, ...]
    run: dict[str, Any]

    @property
    def broken(self) -> tuple[CheckResult, ...]:
        """The checks with a broken case, promised or not."""
        return tuple(check for check in self.checks if check.status is Status.BROKEN)

    def to_json(self) -> dict[str, Any]:
        """The same as plain JSON values: the contents of `verdict.json`."""
        return {
            "outcome": str(self.outcome),
            "exit_code": self.outcome.exit_code,
            "checks": [check.to_json() for check in self.checks],
            "unknown_because": list(self.unknown_because),
            "counts": dict(self.counts),
            "faults": [fault.to_json() for fault in self.faults],
            "run": dict(self.run),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Verdict:
        """The verdict that `to_json` was called on. Raises ValueError for anything else."""
        try:
            return cls(
                outcome=Outcome(data["outcome"]),
                checks=tuple(CheckResult.from_json(check) for check in data["checks"]),
                unknown_because=tuple(data["unknown_because"]),
                counts=dict(data["counts"]),
                faults=tuple(FaultCount.from_json(fault) for fault in data["faults"]),
                run=dict(data["run"]),
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"this is no verdict: {error!r}") from error
