"""The checks: one SQL file per anomaly, and the judge that makes a verdict of them."""

from chaos.checks.judge import judge, judged, judging
from chaos.checks.verdict import CheckResult, FaultCount, Outcome, Status, Verdict

__all__ = [
    "CheckResult",
    "FaultCount",
    "Outcome",
    "Status",
    "Verdict",
    "judge",
    "judged",
    "judging",
]
