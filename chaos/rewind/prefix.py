"""One power cut."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Prefix:
    """A power cut: so many bytes had become durable."""

    name: str
    size: int
    #: What a server can load of it: less than `size` where that lies inside of a transaction.
    whole: int
    #: When it was certainly more: everything that led to these bytes happened before.
    t: int
    #: Jobs that it knows of, and those that it should know of.
    jobs: tuple[str, ...]

    @property
    def phase(self) -> str:
        return "between transactions" if self.whole == self.size else "inside of a transaction"
