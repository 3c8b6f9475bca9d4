"""What a handler is to do in one run of a job, worked out from the job's plan by the rig."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

#: Longer than any run.
_FOR_EVER_MS = 86_400_000
#: Work before a planned failure or death.
_STEP_MS = 5
#: More runs than any job has.
_ALL = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """Work for so long, then end like this; or the process is killed in that moment."""

    ms: int
    then: Literal["ok", "fail", "die"]


def order_of(plan: Mapping[str, Any], *, start: int, failures: int) -> Order:
    """What a plan (see `chaos.targets.behaviour`) asks for in a job's run, which is its `start`th,
    lost ones included, after so many failures."""
    do, ms = plan.get("do", "ok"), int(plan.get("ms", 0))
    if start <= plan.get("dies", 0) or (do == "die" and not _there(plan)):
        return Order(ms=min(ms, _STEP_MS), then="die")
    fails = plan["times"] if do == "fail" else plan.get("fails", 0)
    if failures < fails or (do == "until" and not _there(plan)):
        return Order(ms=min(ms, _STEP_MS), then="fail")
    if do == "hang" and start <= plan.get("times", _ALL):
        ms = _FOR_EVER_MS
    if do == "once" and start > 1:
        ms = 0
    return Order(ms=ms, then="ok")


def _there(plan: Mapping[str, Any]) -> bool:
    return os.access(plan.get("path", ""), os.F_OK)
