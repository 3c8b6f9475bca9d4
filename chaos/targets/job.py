"""A job, as a scenario asks for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One job to enqueue. `plan` tells its handler what to do (`chaos.targets.behaviour`)."""

    id: str
    plan: Mapping[str, Any]
    function: str = "behave"
    unique: str | None = None
    delay_ms: int = 0
    max_retries: int = 3
    timeout_s: int = 60
    effects: int = 1
    #: It can never succeed and must be dead-lettered, whatever its budget.
    doomed: bool = False
    #: Its handler does not let itself be cancelled.
    resists: bool = False

    @property
    def deadly(self) -> bool:
        """Whether its handler ends the process of its worker."""
        return self.kind == "die"

    @property
    def kind(self) -> str:
        """The word for what it does."""
        return str(self.plan.get("do", "ok"))
