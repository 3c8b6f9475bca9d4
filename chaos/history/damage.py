"""Evidence that is missing or unreadable."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Damage:
    """Something that is wrong with a part of a history."""

    #: The process whose part it is, as its file is called.
    process: str
    #: What is wrong, in a sentence.
    told: str
