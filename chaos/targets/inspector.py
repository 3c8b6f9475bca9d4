"""The rig's look into a queue's store, past the wire proxy."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:  # workers import this
    from chaos.history.events import Final


class Inspector(Protocol):
    """A connection that looks into the store. It changes nothing, but for `clean`.

    Whatever the client library raises when the server does not answer may come out of it.
    """

    def backlog(self) -> int:
        """Jobs that are queued or being worked on."""

    def final_state(self, jobs: Iterable[str], /) -> Iterable[Final]:
        """Every one of these jobs, and every effect, entry and key."""

    def clean(self) -> None:
        """Remove everything that a run has left in a server that is not the rig's own."""

    def close(self) -> None: ...


@runtime_checkable
class ShowsHealth(Protocol):
    """An inspector whose workers have health keys."""

    def health(self, workers: Sequence[str], /) -> Mapping[str, int | None]:
        """The rest of each health key's TTL, in ms; -1: for ever; None: there is no key."""


DAMAGES = ("delete", "expire", "empty", "overwrite")
"""Ways in which others may ruin a job."""


@runtime_checkable
class RuinsJobs(Protocol):
    """An inspector that can do to a job's record what others may do by mistake."""

    def damage(self, job: str, how: str, /) -> None:
        """`delete` it, let it `expire`, `empty` it of what makes it a job, or `overwrite` it by
        something else. What is left behind has a TTL."""


@runtime_checkable
class CountsDead(Protocol):
    """An inspector whose queue has a dead-letter queue."""

    def dead_lettered(self) -> int:
        """Jobs in the dead-letter queue."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something in the store that contradicts a rule of the queue's own."""

    #: One word for the rule.
    rule: str
    #: A sentence on what was there.
    seen: str
    job: str | None = None
    #: Where it is no job's matter.
    key: str | None = None
    #: The rule compares times, so a clock that is stepped explains it.
    timed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """What was seen by one look."""

    #: How many things were looked at, by rule.
    looked_at: Mapping[str, int]
    findings: Sequence[Finding]
    #: All of the store has been seen by now; the next look begins again.
    whole: bool = True


@runtime_checkable
class CanLook(Protocol):
    """An inspector that can look at the store while the run goes on.

    It is called a few times a second, from one thread, on a connection that is used for nothing
    else.
    """

    def look(self) -> Sight:
        """Look at a bounded part of the store at one instant, another part each time. It must be
        cheap, and may raise whatever the client library raises."""
