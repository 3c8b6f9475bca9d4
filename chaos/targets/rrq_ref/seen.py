"""A part of the reference's store, as `look.lua` finds it at one instant."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from chaos.targets import WorkerSettings


class Place(NamedTuple):
    """Where a job stands in one queue: its scores, and how often its DLQ lists it (None: it is too
    long to know)."""

    queued: float | None
    locked: float | None
    dead: int | None


@dataclass(frozen=True, slots=True)
class Seen:
    """One job, as it was at one instant."""

    id: str
    #: The type of its key: `hash`, or `none` where only a list or queue names it.
    type: str
    ttl_ms: int
    places: dict[str, Place]
    #: Those that there are.
    fields: dict[str, str]
    unknown: list[str]
    #: The content of its unique key, and that key's TTL.
    holder: str | None
    holder_ttl_ms: int

    @property
    def status(self) -> str:
        return self.fields.get("status", "")

    @property
    def live(self) -> bool:
        return self.status in ("PENDING", "ACTIVE", "RETRYING")

    def number(self, field: str) -> int:
        """A field that counts; absent: 0, damaged: -1."""
        text = self.fields.get(field, "0")
        return int(text) if text.isdecimal() else -1


class Key(NamedTuple):
    """One key that is no job."""

    name: str
    type: str
    ttl_ms: int
    #: Of a string its beginning, of a list its length.
    content: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """A part of the store at one instant."""

    #: The server's clock, in ms since the epoch.
    now_ms: int
    settings: WorkerSettings
    jobs: list[Seen]
    keys: list[Key]
    #: The ids in each dead-letter queue, the newest first.
    dead: dict[str, list[str]]

    def job(self, job: str) -> Seen | None:
        """The job with this id, if it was looked at."""
        return next((seen for seen in self.jobs if seen.id == job), None)


class Verdict(NamedTuple):
    """One rule, applied to one thing. `wrong` tells what contradicts it; None: nothing."""

    rule: str
    wrong: str | None
    timed: bool = False
