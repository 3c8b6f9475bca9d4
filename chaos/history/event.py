"""The shape of an event: a frozen dataclass whose annotated fields are columns of the history."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, ClassVar, Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One line of a history, but for its stamp (`n`, `t`, `process`, `pid`)."""

    #: Its column `type`.
    type: ClassVar[str]
    #: The column that tells the events of a type apart, and what it says; a type with one event
    #: has none.
    word: ClassVar[tuple[str, str] | None] = None

    def to_json(self) -> dict[str, Any]:
        """Its columns by name; a field that is None has none."""
        told: dict[str, Any] = {"type": self.type}
        if self.word is not None:
            told[self.word[0]] = self.word[1]
        for field in fields(self):
            if (value := getattr(self, field.name)) is not None:
                told[field.name] = value
        return told


class Write(Protocol):
    """Writes an event into a history: `Recorder.write`, or what stands in for it."""

    def __call__(
        self, event: Event, /, *, t: int | None = None, process: str | None = None
    ) -> object: ...
