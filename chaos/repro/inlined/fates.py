"""What has become of a job."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise


@dataclass
class Run:
    """One run of a job's handler. `outcome`: ok, error, cancelled; `gone` with its process; or None
    while it goes on."""

    job: str
    worker: str
    pid: int
    start_s: float
    end_s: float | None = None
    outcome: str | None = None


def fates_of(runs: Sequence[Run]) -> set[str]:
    """What has become of the job that has run like this, in the words of `FATES`."""
    ended = [run for run in runs if run.outcome == "ok"]
    fates = set() if ended else {"undone"}
    if len(runs) > 1:
        fates.add("again")
    if len(ended) > 1 or any(run.start_s > (ended[0].end_s or 0) for run in runs if ended):
        fates.add("twice")
    for first, second in pairwise(runs):
        over = first.outcome == "gone" or (first.end_s or second.start_s + 1) <= second.start_s
        if not over:
            fates.add("overlap")
    return fates
