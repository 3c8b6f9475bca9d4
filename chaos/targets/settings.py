"""The settings of workers in a run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerSettings:
    """The settings of a run's workers. Their times are short, so that no run waits for long ones.

    A target follows those that its queue knows.
    """

    #: In order of priority. A job that names none goes to the first.
    queues: tuple[str, ...] = ("chaos", "chaos-low", "chaos-least")
    concurrency: int = 4
    lock_ttl_ms: int = 1_500
    poll_max_ms: int = 300
    health_interval_ms: int = 400
    health_slack_ms: int = 600
    grace_s: float = 2.0
    cleanup_s: float = 0.5
    #: Silence of a fleet's worker after which it counts as hung; 0: nobody looks.
    hung_after_s: float = 0.0
    retry_base_s: float = 0.05
    max_crashes: int = 5
    #: What an enqueue and an outcome wait for before they count as done, where a queue can choose:
    #: nothing, WAIT for one replica, or WAITAOF for the disks of both.
    acknowledge: Literal["none", "replicated", "fsynced"] = "none"

    def __post_init__(self) -> None:
        object.__setattr__(self, "queues", tuple(self.queues))  # from JSON they come as a list

    @property
    def queue(self) -> str:
        """The queue of jobs that name none."""
        return self.queues[0]

    @property
    def health_ttl_ms(self) -> int:
        """The life of a health key without a heartbeat."""
        return self.health_interval_ms + self.health_slack_ms
