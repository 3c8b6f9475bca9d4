"""The time until a job ran again whose run the fault of its cell has cut short."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

_NS = 1_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Again:
    """The jobs that ran again in a number of cells, and after how long."""

    jobs: int
    median_s: float
    worst_s: float

    @classmethod
    def of(cls, times_s: Sequence[float]) -> Again | None:
        """None where no job has."""
        if not times_s:
            return None
        return cls(
            jobs=len(times_s), median_s=round(median(times_s), 3), worst_s=round(max(times_s), 3)
        )

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def again_s(events: Iterable[Mapping[str, Any]], fault: str) -> list[float]:
    """The seconds from the landing of a fault, which has this id, to the next start of each job
    that had been taken or started before, and had not succeeded. A job that did not run again has
    none."""
    ordered = sorted(events, key=lambda event: event["t"])
    landed_t = None
    held: set[str] = set()
    again: dict[str, float] = {}
    for event in ordered:
        match event:
            case {"type": "fault", "event": "landed", "fault": id_, "t": t} if id_ == fault:
                landed_t = t
            case {"type": "start", "job": job, "t": t}:
                if landed_t is None:
                    held.add(job)
                elif job in held:
                    again.setdefault(job, (t - landed_t) / _NS)
            case {"type": "transition", "op": "claim", "job": job} if landed_t is None:
                held.add(job)
            case {"type": "end", "outcome": "ok", "job": job} if landed_t is None:
                held.discard(job)
    return [*again.values()]
