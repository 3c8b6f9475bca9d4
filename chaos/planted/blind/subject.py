"""What the programme is played on, and how it fared."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from chaos.checks import Outcome
from chaos.planted.blind.programme import Part
from chaos.planted.bugs import BUGS, edits_of
from chaos.planted.edit import edited


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """A part of the programme that has been played on a subject."""

    part: str
    command: str
    #: Identifies the edited files.
    variant: str
    seconds: float
    outcome: Outcome
    #: Promised anomalies that were found.
    found: tuple[str, ...]
    #: Its reasons to know nothing, or else its last words.
    why: str

    def to_json(self) -> dict[str, Any]:
        """The same as plain JSON values."""
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Played:
        """What `to_json` was called on. Raises KeyError, TypeError or ValueError."""
        outcome, found = Outcome(data["outcome"]), tuple(data["found"])
        return cls(**{**data, "outcome": outcome, "found": found})


@dataclass(slots=True, kw_only=True)
class Subject:
    """The reference with a bug, or the sound one."""

    name: str
    target: str
    #: The anomaly that the bug must be caught by; None: every part must pass.
    anomaly: str | None
    variant: str
    #: The parts that are still to be played, the next one first.
    parts: list[Part]
    #: Whether the rest is left out once the bug is caught.
    stops: bool = True
    running: int = 0
    played: list[Played] = field(default_factory=list)

    @property
    def caught(self) -> list[Played]:
        """The parts that found the anomaly named for the bug."""
        return [one for one in self.played if self.anomaly in one.found]

    @property
    def others(self) -> list[str]:
        """Anomalies found beside the one it is named for."""
        return sorted({name for one in self.played for name in one.found} - {self.anomaly})

    @property
    def red(self) -> list[Played]:
        """The parts that did not pass."""
        return [one for one in self.played if one.outcome is not Outcome.PASS]

    @property
    def over(self) -> bool:
        """True if nothing more has to be played or waited for."""
        return bool(self.stops and self.caught) or not (self.parts or self.running)

    @property
    def seconds(self) -> float:
        """The time that its parts took, one after another."""
        return sum(one.seconds for one in self.played)

    @property
    def word(self) -> str:
        """How it fared, in a few words."""
        if self.anomaly is None:
            return "red" if self.red else "green"
        return "caught" if self.caught else "by another anomaly only" if self.others else "missed"

    def to_json(self) -> dict[str, Any]:
        """The same as plain JSON values."""
        return {
            "name": self.name,
            "anomaly": self.anomaly,
            "word": self.word,
            "caught": [one.part for one in self.caught],
            "others": self.others,
            "seconds": self.seconds,
            "played": [one.to_json() for one in self.played],
        }


def bug(name: str, parts: list[Part], *, stops: bool) -> Subject:
    """The reference with one bug of the catalogue. Raises `Misfit`."""
    return Subject(
        name=name,
        target=f"chaos.planted.target:{name}",
        anomaly=BUGS[name].anomaly,
        variant=hashlib.sha256(repr(edited(edits_of(name))).encode()).hexdigest()[:16],
        parts=parts,
        stops=stops,
    )


def reference(parts: list[Part]) -> Subject:
    """The sound reference."""
    return Subject(
        name="rrq_ref", target="rrq_ref", anomaly=None, variant="", parts=parts, stops=False
    )
