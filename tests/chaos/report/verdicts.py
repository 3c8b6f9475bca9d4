"""Verdicts made by hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from chaos.checks.verdict import CheckResult, FaultCount, Outcome, Status, Verdict
from chaos.guarantees import guarantee_of

COMMAND = (
    "python -m chaos.kill_during_claim --target rrq_ref --seed 7 --workers 3 --jobs 60 "
    "--redis redis://localhost:6379/0"
)
HOSTILE = "[bold red]</b><script>alert('x')</script>\x1b[31m\r\nPASS: all\u202e \ud800 ]]> &amp; é"
"""An id that is markup in every language of a report, and steers a terminal."""

RUN: dict[str, Any] = {
    "scenario": "kill_during_claim",
    "target": "rrq_ref",
    "seed": 7,
    "command": COMMAND,
    "workers": 3,
    "jobs": 60,
    "versions": {"server": "valkey 9.1.2"},
}
COUNTS = {
    "enqueued": 1_060,
    "acknowledged": 1_058,
    "refused": 0,
    "uncertain": 2,
    "attempts": 1_071,
    "repeated": 4,
    "completed": 1_055,
    "dead": 3,
}
FAULTS = (
    FaultCount(kind="kill", phase="claim/before-send", planned=2, landed=2, missed=0),
    FaultCount(kind="kill", phase="claim/before-reply", planned=2, landed=1, missed=1),
)


def check(
    anomaly: str,
    *,
    examined: int = 60,
    why: Sequence[str] = (),
    broken: int | None = None,
    promised: bool = True,
    error: str | None = None,
    lacks: str | None = None,
    job: str | None = "job-1",
) -> CheckResult:
    """A check; broken when there is a `why`. `broken` counts more cases than were kept."""
    status = Status.OK if examined else Status.NOT_EXERCISED
    status = Status.NOT_KNOWN if lacks else status
    return CheckResult(
        anomaly=anomaly,
        guarantee=guarantee_of(anomaly).id,
        sentence=guarantee_of(anomaly).sentence,
        promised=promised,
        examined=0 if lacks else examined,
        broken=len(why) if broken is None else broken,
        rows=tuple({"job": job, "t": 1, "why": sentence} for sentence in why),
        status=Status.BROKEN if why else status,
        error=error,
        lacks=lacks,
    )


def verdict(*checks: CheckResult, unknown: Sequence[str] = (), **run: Any) -> Verdict:
    """A verdict; its outcome follows from the checks and the reasons for unknown."""
    failed = any(check.promised and check.broken for check in checks)
    doubtful = Outcome.UNKNOWN if unknown else Outcome.PASS
    return Verdict(
        outcome=Outcome.FAIL if failed else doubtful,
        checks=checks,
        unknown_because=tuple(unknown),
        counts=COUNTS,
        faults=FAULTS,
        run=RUN | run,
    )
